{#- The values of a set as a comma-separated SQL list. -#}
{% macro set_literals(value_set, quote_values) %}
{%- if not value_set -%}
    {{ exceptions.raise_compiler_error("dbt_expectations: value_set is empty; list at least one value") }}
{%- endif -%}
{%- if none in value_set -%}
    {{ exceptions.raise_compiler_error("dbt_expectations: value_set holds a null, which equals nothing; use not_null or a row_condition") }}
{%- endif -%}
{%- for value in value_set -%}
    {{ dbt_expectations.text_literal(value) if quote_values else value }}{{ ", " if not loop.last }}
{%- endfor -%}
{% endmacro %}
