{#- The words of a text as an array; an empty one for null. -#}
{% macro words_as_array(text) %}
    {{ return(adapter.dispatch('words_as_array')(text)) }}
{% endmacro %}

{% macro postgres__words_as_array(text) -%}
    coalesce(string_to_array({{ text }}, ' '), '{}')
{%- endmacro %}
