{#- One row per word of a text, with its place from 1. -#}
{% macro numbered_words(text) %}{{ return(adapter.dispatch('numbered_words')(text)) }}{% endmacro %}

{% macro postgres__numbered_words(text) -%}
    unnest(string_to_array({{ text }}, ' ')) with ordinality
{%- endmacro %}
