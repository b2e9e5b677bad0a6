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
