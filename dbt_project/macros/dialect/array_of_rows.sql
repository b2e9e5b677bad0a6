{#- An aggregate: the texts of the rows in order, without those that are null, as an array. -#}
{% macro array_of_rows(expression, order_by) %}
    {{ return(adapter.dispatch('array_of_rows')(expression, order_by)) }}
{% endmacro %}

{% macro postgres__array_of_rows(expression, order_by) -%}
    array_remove(array_agg({{ expression }} order by {{ order_by }}), null)
{%- endmacro %}
