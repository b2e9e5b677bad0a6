{#- Every match of the pattern replaced. -#}
{% macro regex_replace(expression, pattern, replacement) %}
    {{ return(adapter.dispatch('regex_replace')(expression, pattern, replacement)) }}
{% endmacro %}

{% macro postgres__regex_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
