{#-
    What was written into a model within the last day: what a test has to look at. Rows that stood for
    longer were looked at when they were written, and a test of all of history would cost more every
    day. A benchmark that lives through a month in an hour says since when, as sluss.written_since.
-#}
{% macro lately() -%}
    coalesce(
        cast(nullif(current_setting('sluss.written_since', true), '') as timestamp with time zone),
        now() - interval '1 day'
    )
{%- endmacro %}

{% macro loads_written_lately(written_model) -%}
    select load_id
    from {{ applied_loads() }}
    where
        model = '{{ written_model }}'
        and applied_at > {{ lately() }}
{%- endmacro %}

{#- True for rows of loads that were written as a whole: of a table without partitions. -#}
{% macro was_written_lately(written_model) -%}
    {{ is_one_of('_load_id', loads_written_lately(written_model)) }}
{%- endmacro %}

{#- The rows of a by_load model that logs: of whole loads, and line by line. -#}
{% macro rows_written_lately(relation) -%}
    {{ rows_of_loads(relation, loads_written_lately(relation.identifier)) }}
    union all
    select standing.*
    from (
        select distinct
            _load_id,
            _line_no
        from {{ changes_of(relation) }}
        where
            _changed_at > {{ lately() }}
            and _load_id not in ({{ loads_written_lately(relation.identifier) }})
    ) as changed
    inner join lateral {{ line_of(relation, 'changed') }} as standing on true
{%- endmacro %}
