{#-
    The instant of an ISO 8601 text, null where it is none. Without an offset it is UTC. The shape is
    looked at before the cast, for Postgres reads `tomorrow` too.
-#}
{% macro cash_instant(raw) -%}
    case
        when {{ raw }} not like '____-__-__%' then null
        when not {{ is_castable(raw, 'timestamp with time zone') }} then null
        when {{ raw }} like '%Z' or {{ matches('substr(' ~ raw ~ ', 11)', '[+-]') }}
            then {{ cast_as(raw, 'timestamp with time zone') }}
        else {{ instant_at(cast_as(raw, 'timestamp'), 'UTC') }}
    end
{%- endmacro %}
