{#-
    The rule a raw timestamp meets, null where it is canonical. Whether the rule corrects or rejects
    follows from timestamp_value(): where that is null, it rejects. `is_canonical` and `parts` are
    timestamp_is_canonical() and timestamp_parts() of the same text.
-#}
{% macro timestamp_rule(raw, is_canonical, parts) -%}
    {%- set day = timestamp_date_text(parts) -%}
    {%- set hour = array_item(parts, 3) -%}
    {%- set minute = array_item(parts, 5) -%}
    {%- set second = "coalesce(" ~ array_item(parts, 6) ~ ", '00')" -%}
    case
        when {{ is_canonical }} then null
        when {{ raw }} is null or {{ trimmed(raw) }} = '' then 'ts.missing'
        when {{ parts }} is null
            then case
                when
                    {{ matches(trimmed(raw), '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }}
                    and not {{ is_castable(trimmed(raw), 'date') }}
                    then 'ts.no_such_day'
                else 'ts.unreadable'
            end
        when not {{ is_castable(day, 'date') }} then 'ts.no_such_day'
        when {{ hour }} = '24' then 'ts.hour_24'
        when {{ hour }} > '24' or {{ minute }} > '59' or {{ second }} > '59' then 'ts.unreadable'
        when not {{ is_castable(timestamp_text(parts), 'timestamptz') }} then 'ts.unreadable'
        when {{ matches(array_item(parts, 1), '^[0-9]{2}-') }} then 'ts.two_digit_year'
        when length({{ array_item(parts, 1) }}) = 8 then 'ts.compact_date'
        when
            {{ array_item(parts, 2) }} = 'T'
            or {{ array_item(parts, 7) }} is not null
            or {{ array_item(parts, 8) }} is not null
            then 'ts.iso'
        when {{ array_item(parts, 4) }} = '.' then 'ts.dot_time'
        when {{ array_item(parts, 6) }} is null then 'ts.no_seconds'
        else 'ts.trimmed'
    end
{%- endmacro %}
