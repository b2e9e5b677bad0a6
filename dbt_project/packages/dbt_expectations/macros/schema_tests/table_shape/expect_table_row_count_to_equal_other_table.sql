{#- The table, or each group of it, has as many rows as the other one, times the factor. -#}
{% test expect_table_row_count_to_equal_other_table(
    model, compare_model, group_by=none, compare_group_by=none, factor=1, row_condition=none, compare_row_condition=none
) %}
{{ dbt_expectations.different_aggregates(
    model, "count(*)", compare_model, "count(*) * " ~ factor,
    group_by, compare_group_by, row_condition, compare_row_condition
) }}
{% endtest %}
