{#-
    True for an account whose check digits hold (ISO 13616). Letters in the middle are rare enough
    to be treated apart: without them two letters have to become digits, not twenty-six.
-#}
{% macro cash_iban_checksum_holds(account) -%}
    case
        when not {{ matches(account, '^[A-Z][A-Z][0-9][0-9][A-Z0-9]+$') }} then false
        when length({{ account }}) not between 15 and 34 then false
        when not {{ matches('substr(' ~ account ~ ', 5)', '[A-Z]') }}
            then mod({{ cast_as(
                'concat(substr(' ~ account ~ ', 5), ascii(' ~ account ~ ') - 55, '
                ~ 'ascii(substr(' ~ account ~ ', 2)) - 55, substr(' ~ account ~ ', 3, 2))',
                'numeric'
            ) }}, 97) = 1
        else {{ iban_remainder(account) }} = 1
    end
{%- endmacro %}
