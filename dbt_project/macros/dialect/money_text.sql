{#- An amount as people write it, in whole units: 12,345. -#}
{% macro money_text(amount) %}{{ return(adapter.dispatch('money_text')(amount)) }}{% endmacro %}

{% macro postgres__money_text(amount) %}to_char(round({{ amount }}), 'FM999,999,999,999,990'){% endmacro %}
