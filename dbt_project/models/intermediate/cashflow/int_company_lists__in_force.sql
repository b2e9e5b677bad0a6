{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row: the newest published list of companies, and the version of what is said of them, which
-- depends on the first rates and on settings.

with lists as (
    select * from {{ ref('int_company_loads__gated') }}
    where is_in_force
),

rates as (
    select * from {{ ref('int_cash_rates__in_force') }}
    where
        currency = '{{ var("cashflow_reference_currency") }}'
        and in_force_from is null
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
        '{{ var("cashflow_opening_balance") }}'
    ) as version
from lists
left join rates
    on rates.eur_rate is not null
