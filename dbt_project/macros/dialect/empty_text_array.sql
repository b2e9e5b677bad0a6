{#- An array of no texts. -#}
{% macro empty_text_array() %}{{ return(adapter.dispatch('empty_text_array')()) }}{% endmacro %}

{% macro postgres__empty_text_array() %}'{}'::text[]{% endmacro %}
