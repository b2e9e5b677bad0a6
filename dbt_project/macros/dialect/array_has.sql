{#- True where the element is in the array. -#}
{% macro array_has(array, element) %}
    {{ return(adapter.dispatch('array_has')(array, element)) }}
{% endmacro %}

{% macro postgres__array_has(array, element) -%}
    ({{ element }} = any({{ array }}))
{%- endmacro %}
