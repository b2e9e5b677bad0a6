{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row: the newest published list of companies, and the version of what is said of them, which
-- depends on the first rates, on settings and on what was purged.

with lists as (
    select * from {{ ref('int_company_loads__gated') }}
    where is_in_force
),

rates as (
    select * from {{ ref('int_cash_rates__in_force') }}
    where
        currency = '{{ var("cashflow_reference_currency") }}'
        and in_force_from is null
),

purged as (
    select
        {{ fingerprint_of_rows(
            "concat_ws('/', company_id, amount_eur, amount_usd)", 'company_id'
        ) }} as fingerprint
    from {{ kept_cash_balances() }}
)

select
    lists.load_id,
    lists.business_date,
    concat_ws(
        '/',
        lists.version,
        rates.eur_rate,
        rates.usd_rate,
        '{{ var("cashflow_reference_currency") }}',
        '{{ var("cashflow_opening_balance") }}',
        purged.fingerprint
    ) as version
from lists
cross join purged
left join rates
    on rates.eur_rate is not null
