{#-
    The rule a raw amount meets, null where it is canonical: digits, a point, at most two decimals.
    Whether the rule corrects or rejects follows from amount_value(): where that is null, it
    rejects. A text that can be read as two different amounts is never read: `1,234` is 1.234 to one
    and 1234 to another.
-#}
{% macro amount_rule(raw) -%}
    {%- set text = trimmed(raw) -%}
    {# Groups of three, parted by one kind of mark throughout. #}
    {%- set blank = '[ \u00a0\u2007\u202f]' -%}
    case
        when {{ amount_is_canonical(raw) }} then null
        when {{ raw }} is null or {{ text }} = '' then 'amount.missing'
        when {{ amount_is_canonical(text) }} then 'amount.trimmed'
        when {{ matches(text, '^-?[0-9]{1,20},[0-9]{1,2}$') }} then 'amount.decimal_comma'
        when {{ matches(text, '^[0-9]{1,3}(' ~ blank ~ '[0-9]{3}){1,6}([.,][0-9]{1,2})?$') }}
            then 'amount.grouped'
        when {{ matches(text, '^[0-9]{1,3}(,[0-9]{3}){1,6}[.][0-9]{1,2}$') }} then 'amount.grouped'
        when {{ matches(text, '^[0-9]{1,3}([.][0-9]{3}){1,6},[0-9]{1,2}$') }} then 'amount.grouped'
        when {{ matches(text, '^[0-9]{1,3}((,[0-9]{3}){2,6}|([.][0-9]{3}){2,6})$') }}
            then 'amount.grouped'
        when {{ matches(text, '^[0-9]{1,20}' ~ blank ~ '[0-9]{2}$') }} then 'amount.space_as_point'
        when {{ matches(text, '^[0-9]{1,20}' ~ blank ~ '*[.,]' ~ blank ~ '*[0-9]{1,2}$') }}
            then 'amount.inner_space'
        when {{ matches(text, '^[1-9][0-9]{0,2},[0-9]{3}$') }} then 'amount.ambiguous'
        when {{ matches(text, '^-?[0-9][0-9., \u00a0\u2007\u202f]*[.,][0-9]{3,}$') }}
            then 'amount.too_precise'
        when {{ matches(text, '^[0-9]{21,}([.,][0-9]{1,2})?$') }} then 'amount.implausible'
        else 'amount.not_a_number'
    end
{%- endmacro %}
