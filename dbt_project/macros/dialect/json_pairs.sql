{#- One row per member of a json object: key, value (text). -#}
{% macro json_pairs(json) %}{{ return(adapter.dispatch('json_pairs')(json)) }}{% endmacro %}

{% macro postgres__json_pairs(json) %}jsonb_each_text({{ json }}){% endmacro %}
