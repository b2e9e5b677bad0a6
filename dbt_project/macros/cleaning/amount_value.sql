{#- The amount (numeric) of a raw text under its rule, null where the rule rejects it. -#}
{% macro amount_value(raw, rule) -%}
    {%- set digits = without_blanks(raw) -%}
    case
        when {{ rule }} is null then {{ cast_as(raw, 'numeric') }}
        when {{ rule }} = 'amount.trimmed' then {{ cast_as(trimmed(raw), 'numeric') }}
        when {{ rule }} in ('amount.decimal_comma', 'amount.inner_space')
            then {{ cast_as("replace(" ~ digits ~ ", ',', '.')", 'numeric') }}
        when {{ rule }} = 'amount.space_as_point'
            then {{ cast_as(regex_replace(trimmed(raw), '[^0-9]', '.'), 'numeric') }}
        when {{ rule }} = 'amount.grouped'
            then case
                {# The mark before the last one or two digits is the decimal one; the rest group. #}
                when {{ matches(digits, '[.,][0-9]{2}$') }}
                    then {{ cast_as(without_characters(digits, '.,'), 'numeric') }} / 100.00
                when {{ matches(digits, '[.,][0-9]$') }}
                    then {{ cast_as(without_characters(digits, '.,'), 'numeric') }} / 10.00
                else {{ cast_as(without_characters(digits, '.,'), 'numeric') }}
            end
    end
{%- endmacro %}
