{#- Every text has so many characters; a null passes. -#}
{% test expect_column_value_lengths_to_equal(model, column_name, value, row_condition=none) %}
{{ dbt_expectations.failing_rows(model, dbt.length(column_name) ~ " = " ~ value, row_condition) }}
{% endtest %}
