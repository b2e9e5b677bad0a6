{#- The json object of some columns of a relation, each under its own name. -#}
{% macro json_object(columns) %}{{ return(adapter.dispatch('json_object')(columns)) }}{% endmacro %}

{% macro postgres__json_object(columns) -%}
    jsonb_build_object(
        {%- for column in columns %}
        '{{ column }}', "{{ column }}"{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
