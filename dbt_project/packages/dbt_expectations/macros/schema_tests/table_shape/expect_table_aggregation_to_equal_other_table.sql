{#-
    An aggregate of the table, or of each group, equals one of the other table. tolerance is an absolute
    difference, tolerance_percent a fraction of the table's own value (0.01 is 1 %); with both, a difference
    fails that exceeds both.
-#}
{% test expect_table_aggregation_to_equal_other_table(
    model, expression, compare_model, compare_expression=none, group_by=none, compare_group_by=none,
    row_condition=none, compare_row_condition=none, tolerance=0.0, tolerance_percent=none
) %}
{{ dbt_expectations.different_aggregates(
    model, expression, compare_model, compare_expression or expression,
    group_by, compare_group_by, row_condition, compare_row_condition, tolerance, tolerance_percent
) }}
{% endtest %}
