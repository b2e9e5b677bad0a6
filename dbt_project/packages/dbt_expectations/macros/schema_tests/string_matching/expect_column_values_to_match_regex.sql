{#- Every text matches the regular expression somewhere (anchor it for the whole text); a null fails. -#}
{% test expect_column_values_to_match_regex(model, column_name, regex, row_condition=none, is_raw=false, flags="") %}
{{ dbt_expectations.failing_rows(
    model,
    "coalesce(" ~ dbt_expectations.regex_matches(column_name, regex, is_raw, flags) ~ ", false)",
    row_condition
) }}
{% endtest %}
