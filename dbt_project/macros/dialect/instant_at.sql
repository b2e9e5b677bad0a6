{#-
    The instant of a local time, and back: a timestamp becomes a timestamptz, a timestamptz a
    timestamp.
-#}
{% macro instant_at(local_timestamp, time_zone) %}
    {{ return(adapter.dispatch('instant_at')(local_timestamp, time_zone)) }}
{% endmacro %}

{% macro postgres__instant_at(local_timestamp, time_zone) -%}
    (({{ local_timestamp }}) at time zone '{{ time_zone }}')
{%- endmacro %}
