{#- True where the text matches the (POSIX) pattern; null stays null. -#}
{% macro matches(expression, pattern) %}
    {{ return(adapter.dispatch('matches')(expression, pattern)) }}
{% endmacro %}

{% macro postgres__matches(expression, pattern) -%}
    ({{ expression }} ~ '{{ pattern }}')
{%- endmacro %}
