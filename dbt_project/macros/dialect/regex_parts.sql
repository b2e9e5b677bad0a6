{#- The groups of the pattern in the text as an array, null where it does not match. -#}
{% macro regex_parts(expression, pattern) %}
    {{ return(adapter.dispatch('regex_parts')(expression, pattern)) }}
{% endmacro %}

{% macro postgres__regex_parts(expression, pattern) -%}
    regexp_match({{ expression }}, '{{ pattern }}')
{%- endmacro %}
