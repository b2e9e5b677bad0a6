{#- A cast of a text that is known to be castable. -#}
{% macro cast_as(expression, type) %}
    {{ return(adapter.dispatch('cast_as')(expression, type)) }}
{% endmacro %}

{% macro postgres__cast_as(expression, type) -%}
    ({{ expression }})::{{ type }}
{%- endmacro %}
