{#- An aggregate: the texts of the rows in order, with a blank between. -#}
{% macro words_of_rows(expression, order_by) %}
    {{ return(adapter.dispatch('words_of_rows')(expression, order_by)) }}
{% endmacro %}

{% macro postgres__words_of_rows(expression, order_by) -%}
    string_agg({{ expression }}, ' ' order by {{ order_by }})
{%- endmacro %}
