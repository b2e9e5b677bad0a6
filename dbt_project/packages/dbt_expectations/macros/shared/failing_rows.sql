{#- The rows for which the condition is false. Where it is null (a value is missing) the row passes. -#}
{% macro failing_rows(model, condition, row_condition=none) %}
with
looked_at as (
    select *
    {{ dbt_expectations.rows_where(model, row_condition) }}
)

select *
from looked_at
where not ({{ condition }})
{% endmacro %}
