{#-
    The rule by which a cleaned account number rejects its line whatever the register says, null
    where it may stand. `country_code` and `iban_length` belong to the country of its first two
    letters, null where there is none.
-#}
{% macro account_failure(account, is_own, country_code, iban_length) -%}
    case
        when {{ is_own }} then null
        when {{ account }} is null then 'account.missing'
        when {{ country_code }} is null then 'account.malformed'
        when not {{ matches(account, '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$') }}
            then 'account.malformed'
        when length({{ account }}) <> {{ iban_length }} then 'account.malformed'
        when {{ iban_remainder(account) }} <> 1 then 'account.checksum'
    end
{%- endmacro %}
