{#- `expression` lies between the bounds, of which one may be missing; `strictly` leaves the bounds out. -#}
{% macro between_condition(expression, min_value, max_value, strictly) %}
{%- if min_value is none and max_value is none -%}
    {{ exceptions.raise_compiler_error("dbt_expectations: give min_value, max_value or both; without a bound the test could not fail") }}
{%- endif -%}
{%- set conditions = [] -%}
{%- if min_value is not none -%}
    {%- do conditions.append(expression ~ (" > " if strictly else " >= ") ~ min_value) -%}
{%- endif -%}
{%- if max_value is not none -%}
    {%- do conditions.append(expression ~ (" < " if strictly else " <= ") ~ max_value) -%}
{%- endif -%}
{{ conditions | join(" and ") }}
{%- endmacro %}
