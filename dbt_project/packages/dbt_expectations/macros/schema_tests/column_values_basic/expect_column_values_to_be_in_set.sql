{#- Every value is one of the set; a null fails. -#}
{% test expect_column_values_to_be_in_set(model, column_name, value_set, quote_values=true, row_condition=none) %}
{{ dbt_expectations.failing_rows(
    model,
    "coalesce(" ~ column_name ~ " in (" ~ dbt_expectations.set_literals(value_set, quote_values) ~ "), false)",
    row_condition
) }}
{% endtest %}
