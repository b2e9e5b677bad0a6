{#-
    True for rows of loads that were written into a model within the last day: what a test has to
    look at. Rows that stood for longer were looked at when they were written, and a test of all of
    history would cost more every day.
-#}
{% macro was_written_lately(written_model, column='_load_id') -%}
    {{ is_one_of(column, loads_written_lately(written_model)) }}
{%- endmacro %}

{% macro loads_written_lately(written_model) -%}
    select load_id
    from {{ applied_loads() }}
    where
        model = '{{ written_model }}'
        and applied_at > now() - interval '1 day'
{%- endmacro %}
