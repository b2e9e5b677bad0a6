{#- The table, or each group of it, has a number of rows within the bounds. -#}
{% test expect_table_row_count_to_be_between(
    model, min_value=none, max_value=none, group_by=none, row_condition=none, strictly=false
) %}
{{ dbt_expectations.failing_groups(
    model,
    {"row_count": "count(*)"},
    dbt_expectations.between_condition("row_count", min_value, max_value, strictly),
    group_by,
    row_condition
) }}
{% endtest %}
