{#- The text of a member of a json object, null where there is none. -#}
{% macro json_text(json, key) %}{{ return(adapter.dispatch('json_text')(json, key)) }}{% endmacro %}

{% macro postgres__json_text(json, key) -%}
    ({{ json }} ->> '{{ key }}')
{%- endmacro %}
