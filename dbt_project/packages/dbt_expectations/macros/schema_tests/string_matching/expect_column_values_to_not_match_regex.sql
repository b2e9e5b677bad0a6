{#- No text matches the regular expression anywhere; a null passes. -#}
{% test expect_column_values_to_not_match_regex(model, column_name, regex, row_condition=none, is_raw=false, flags="") %}
{{ dbt_expectations.failing_rows(
    model, "not " ~ dbt_expectations.regex_matches(column_name, regex, is_raw, flags), row_condition
) }}
{% endtest %}
