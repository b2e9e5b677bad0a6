{#-
    The columns summed over the table, or over each group, come to sum_total: a number, or the name of a
    column whose sum is meant. A sum over nothing but nulls passes.
-#}
{% test expect_multicolumn_sum_to_equal(model, column_list, sum_total, group_by=none, row_condition=none) %}
{%- set sums = [] -%}
{%- for column in column_list -%}
    {%- do sums.append("sum(" ~ column ~ ")") -%}
{%- endfor -%}
{{ dbt_expectations.failing_groups(
    model,
    {
        "columns_sum": sums | join(" + "),
        "expected_sum": sum_total if sum_total is number else "sum(" ~ sum_total ~ ")",
    },
    "columns_sum = expected_sum",
    group_by,
    row_condition
) }}
{% endtest %}
