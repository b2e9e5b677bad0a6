{#- An instant as the local time it is written in the feed: YYYY-MM-DD HH:MM:SS. -#}
{% macro local_time_text(instant, time_zone) %}
    {{ return(adapter.dispatch('local_time_text')(instant, time_zone)) }}
{% endmacro %}

{% macro postgres__local_time_text(instant, time_zone) -%}
    to_char({{ instant }} at time zone '{{ time_zone }}', 'YYYY-MM-DD HH24:MI:SS')
{%- endmacro %}
