{#- An array of no integers. -#}
{% macro empty_integer_array() %}
    {{ return(adapter.dispatch('empty_integer_array')()) }}
{% endmacro %}

{% macro postgres__empty_integer_array() -%}
    '{}'::integer[]
{%- endmacro %}
