{#- Without any of the characters. -#}
{% macro without_characters(expression, characters) %}
    {{ return(adapter.dispatch('without_characters')(expression, characters)) }}
{% endmacro %}

{% macro postgres__without_characters(expression, characters) -%}
    translate({{ expression }}, '{{ characters }}', '')
{%- endmacro %}
