{#- True where the word is among the words of a text (see words()); null where either is null. -#}
{% macro has_word(text, word) %}{{ return(adapter.dispatch('has_word')(text, word)) }}{% endmacro %}

{% macro postgres__has_word(text, word) -%}
    (strpos(' ' || {{ text }} || ' ', ' ' || {{ word }} || ' ') > 0)
{%- endmacro %}
