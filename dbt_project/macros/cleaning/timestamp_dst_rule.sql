{#-
    'ts.dst_gap' for a local time that the clock never showed (it is read with the offset before the
    change), 'ts.dst_ambiguous' for one that it showed twice (standard time is taken), null
    otherwise. Only the hour from two to three in March and October can be either.
-#}
{% macro timestamp_dst_rule(parts, rule, local_time, instant) -%}
    {%- set hour_before = instant ~ " - interval '1 hour'" -%}
    case
        when extract(hour from {{ local_time }}) <> 2 then null
        when extract(month from {{ local_time }}) not in (3, 10) then null
        when {{ rule }} is not null and {{ array_item(parts, 8) }} is not null then null
        when {{ instant_at(instant, var('bank_time_zone')) }} <> {{ local_time }} then 'ts.dst_gap'
        when {{ instant_at(hour_before, var('bank_time_zone')) }} = {{ local_time }}
            then 'ts.dst_ambiguous'
    end
{%- endmacro %}
