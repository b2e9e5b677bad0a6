{#- No value is one of the set; a null passes. -#}
{% test expect_column_values_to_not_be_in_set(model, column_name, value_set, quote_values=true, row_condition=none) %}
{{ dbt_expectations.failing_rows(
    model, column_name ~ " not in (" ~ dbt_expectations.set_literals(value_set, quote_values) ~ ")", row_condition
) }}
{% endtest %}
