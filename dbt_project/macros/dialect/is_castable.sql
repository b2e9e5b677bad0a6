{#- True where the text can be read as the type; never raises. -#}
{% macro is_castable(expression, type) %}
    {{ return(adapter.dispatch('is_castable')(expression, type)) }}
{% endmacro %}

{% macro postgres__is_castable(expression, type) -%}
    pg_input_is_valid({{ expression }}, '{{ type }}')
{%- endmacro %}
