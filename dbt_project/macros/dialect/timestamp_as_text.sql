{#- A timestamp as YYYY-MM-DD HH:MM:SS. -#}
{% macro timestamp_as_text(local_timestamp) %}
    {{ return(adapter.dispatch('timestamp_as_text')(local_timestamp)) }}
{% endmacro %}

{% macro postgres__timestamp_as_text(local_timestamp) -%}
    to_char({{ local_timestamp }}, 'YYYY-MM-DD HH24:MI:SS')
{%- endmacro %}
