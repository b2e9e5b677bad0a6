{#- A plain number with at most four decimals; null where the text is none. -#}
{% macro cash_amount(raw) -%}
    case
        when not {{ matches(raw, '^-?[0-9]+([.][0-9]+)?$') }} then null
        when length(split_part({{ raw }}, '.', 2)) > 4 then null
        when length({{ raw }}) > 20 then null
        else {{ cast_as(raw, 'numeric') }}
    end
{%- endmacro %}
