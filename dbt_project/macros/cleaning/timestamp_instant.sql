{#-
    The instant (timestamptz) of a raw timestamp whose local time is known: its own offset decides
    where it has one, the bank's zone otherwise.
-#}
{% macro timestamp_instant(parts, rule, local_time) -%}
    case
        when
            {{ rule }} is not null
            and {{ local_time }} is not null
            and {{ array_item(parts, 8) }} is not null
            then {{ cast_as(timestamp_text(parts), 'timestamptz') }}
        else {{ instant_at(local_time, var('bank_time_zone')) }}
    end
{%- endmacro %}
