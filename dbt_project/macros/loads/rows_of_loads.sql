{#-
    The rows of the loads that a query lists, of a table with a partition a load. One by one: a list that
    is known when the query runs does not keep Postgres from reading all partitions, a number does.
-#}
{% macro rows_of_loads(relation, loads) -%}
    select standing.*
    from ({{ loads }}) as listed (load_id)
    inner join lateral (
        select of_load.*
        from {{ relation }} as of_load
        where of_load._load_id = listed.load_id
        {{ evaluate_once() }}
    ) as standing on true
{%- endmacro %}

{#-
    For a lateral join: the line of a table that has the _load_id and _line_no of `row`, looked up by
    the index of its partition. The planner would rather join with all of history.
-#}
{% macro line_of(relation, row) -%}
    (
        select of_line.*
        from {{ relation }} as of_line
        where
            of_line._load_id = {{ row }}._load_id
            and of_line._line_no = {{ row }}._line_no
        {{ evaluate_once() }}
    )
{%- endmacro %}
