{#- Distinct values over values, nulls left aside, lies within the bounds, in the table or in each group. No values pass. -#}
{% test expect_column_proportion_of_unique_values_to_be_between(
    model, column_name, min_value=none, max_value=none, group_by=none, row_condition=none, strictly=false
) %}
{{ dbt_expectations.failing_groups(
    model,
    {"unique_proportion": "count(distinct " ~ column_name ~ ") * 1.0 / nullif(count(" ~ column_name ~ "), 0)"},
    dbt_expectations.between_condition("unique_proportion", min_value, max_value, strictly),
    group_by,
    row_condition
) }}
{% endtest %}
