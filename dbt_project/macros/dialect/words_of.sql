{#- An aggregate: the values as words of one text (see words()), in their own order. -#}
{% macro words_of(expression) %}{{ return(adapter.dispatch('words_of')(expression)) }}{% endmacro %}

{% macro postgres__words_of(expression) -%}
    string_agg({{ expression }}, ' ' order by {{ expression }})
{%- endmacro %}
