{#-
    The local time (timestamp) of a raw timestamp in the bank's zone, null where its rule rejects
    it. Of the times after 23:59:59 only exactly 24:00:00 is one: the next midnight.
-#}
{% macro timestamp_local(raw, parts, rule) -%}
    case
        when {{ rule }} is null then {{ cast_as(raw, 'timestamp') }}
        when {{ rule }} in ('ts.missing', 'ts.unreadable', 'ts.no_such_day') then null
        when
            {{ rule }} = 'ts.hour_24'
            and (
                {{ array_item(parts, 5) }} <> '00'
                or {{ array_item(parts, 6) }} <> '00'
                or {{ array_item(parts, 7) }} is not null
                or {{ array_item(parts, 8) }} is not null
            )
            then null
        when {{ array_item(parts, 8) }} is not null
            then {{ instant_at(
                cast_as(timestamp_text(parts), 'timestamptz'), var('bank_time_zone')
            ) }}
        else {{ cast_as(timestamp_text(parts), 'timestamp') }}
    end
{%- endmacro %}
