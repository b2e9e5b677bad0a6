{#- An aggregate: 32 hexadecimal digits that differ where the ordered rows differ. -#}
{% macro fingerprint_of_rows(expression, order_by) %}
    {{ return(adapter.dispatch('fingerprint_of_rows')(expression, order_by)) }}
{% endmacro %}

{% macro postgres__fingerprint_of_rows(expression, order_by) -%}
    md5(coalesce(string_agg({{ expression }}, ',' order by {{ order_by }}), ''))
{%- endmacro %}
