{#- The instant of the transaction as a text that sorts by time: names a version of what it writes. -#}
{% macro build_moment() %}{{ return(adapter.dispatch('build_moment')()) }}{% endmacro %}

{% macro postgres__build_moment() -%}
    cast(extract(epoch from transaction_timestamp()) as text)
{%- endmacro %}
