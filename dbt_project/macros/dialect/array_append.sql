{#- The array with one element more at its end. -#}
{% macro array_append(array, element) %}
    {{ return(adapter.dispatch('array_append')(array, element)) }}
{% endmacro %}

{% macro postgres__array_append(array, element) -%}
    ({{ array }} || {{ element }})
{%- endmacro %}
