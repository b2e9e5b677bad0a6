{#- A number as people write it, without needless zeros: 10, 0.7, 250,000. -#}
{% macro number_text(number) %}{{ return(adapter.dispatch('number_text')(number)) }}{% endmacro %}

{% macro postgres__number_text(number) -%}
    trim(trailing '.' from to_char({{ number }}, 'FM999,999,999,990.9'))
{%- endmacro %}
