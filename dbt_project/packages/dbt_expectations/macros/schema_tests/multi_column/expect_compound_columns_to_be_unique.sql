{#-
    No two rows agree in all the columns; nulls agree with each other. One failing row for each combination
    that occurs more than once. ignore_row_if says which rows are left out: "all_values_are_missing" (every
    column null), "any_value_is_missing" or "never".
-#}
{% test expect_compound_columns_to_be_unique(
    model, column_list, quote_columns=false, ignore_row_if="all_values_are_missing", row_condition=none
) %}
{%- set columns = [] -%}
{%- for column in column_list -%}
    {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
{%- endfor -%}
{%- set joint = {"all_values_are_missing": " or ", "any_value_is_missing": " and "}.get(ignore_row_if) -%}
{%- if not columns -%}
    {{ exceptions.raise_compiler_error("dbt_expectations: column_list is empty") }}
{%- elif not joint and ignore_row_if != "never" -%}
    {{ exceptions.raise_compiler_error("dbt_expectations: ignore_row_if is '" ~ ignore_row_if ~ "'; expected all_values_are_missing, any_value_is_missing or never") }}
{%- endif %}
with
looked_at as (
    select *
    {{ dbt_expectations.rows_where(model, row_condition) }}
)

select
    {{ columns | join(", ") }},
    count(*) as row_count
from looked_at
{%- if joint %}
where {% for column in columns %}{{ column }} is not null{{ joint if not loop.last }}{% endfor %}
{%- endif %}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}
