{#- An array of the texts that are not null, in the order given. -#}
{% macro text_array(expressions) %}
    {{ return(adapter.dispatch('text_array')(expressions)) }}
{% endmacro %}

{% macro postgres__text_array(expressions) -%}
    array_remove(array[{{ expressions | join(', ') }}]::text[], null)
{%- endmacro %}
