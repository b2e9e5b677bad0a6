{#-
    The groups (without group_by: the one row of the whole table) whose measures do not meet the condition.
    measures: column name -> aggregate; the condition speaks of those names. A null condition passes.
-#}
{% macro failing_groups(model, measures, condition, group_by=none, row_condition=none) %}
with
measured as (
    select
        {%- for expression in group_by or [] %}
        {{ expression }} as group_{{ loop.index }},
        {%- endfor %}
        {%- for name, aggregate in measures.items() %}
        {{ aggregate }} as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    {{ dbt_expectations.rows_where(model, row_condition) }}
    {{ dbt_expectations.group_by_positions(group_by) }}
)

select *
from measured
where not ({{ condition }})
{% endmacro %}
