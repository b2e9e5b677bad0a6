{#-
    Joins what is to be said of an account number by itself: the account, and whether its check
    digits hold. A lateral join, for the same few accounts come again and again: Postgres keeps what
    it found for each (Memoize), where working it out for each line takes ten times as long.
-#}
{% macro cash_account_of(raw, name) -%}
    inner join lateral (
        select
            read_account.account,
            {{ cash_iban_checksum_holds('read_account.account') }} as is_iban
        from (
            select {{ account_value(raw) }} as account
            {{ evaluate_once() }}
        ) as read_account
        {{ evaluate_once() }}
    ) as {{ name }} on true
{%- endmacro %}
