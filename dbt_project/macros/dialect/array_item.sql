{#- The element at a position, the first being 1. -#}
{% macro array_item(array, position) %}
    {{ return(adapter.dispatch('array_item')(array, position)) }}
{% endmacro %}

{% macro postgres__array_item(array, position) -%}
    ({{ array }})[{{ position }}]
{%- endmacro %}
