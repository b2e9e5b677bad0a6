{#-
    The parts of a timestamp that is not canonical, null where it has no form we know:
    1 date, 2 separator, 3 hour, 4 first time separator, 5 minute, 6 second, 7 fraction, 8 offset.
-#}
{% macro timestamp_parts(raw) -%}
    {{ regex_parts(
        trimmed(raw),
        '^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{2}-[0-9]{2}-[0-9]{2})'
        ~ '([ T])([0-9]{2})([:.])([0-9]{2})(?:[:.]([0-9]{2})([.,][0-9]{1,6})?)?'
        ~ ' ?(Z|[+-][0-9]{2}:?[0-9]{2})?$'
    ) }}
{%- endmacro %}
