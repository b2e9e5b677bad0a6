{#- A count as people write it: 12,345. -#}
{% macro thousands(count) %}{{ return(adapter.dispatch('thousands')(count)) }}{% endmacro %}

{% macro postgres__thousands(count) %}to_char({{ count }}, 'FM999,999,999,999'){% endmacro %}
