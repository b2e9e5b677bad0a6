{{ config(
    materialized='by_load',
    unique_key=['company_id'],
    meta={'wanted': 'int_company_lists__in_force'}
) }}

-- Grain: one row per company of the newest published list. Kept by load and not made anew, for
-- views stand on it.

with companies as (
    select * from {{ ref('int_companies__judged') }}
    where
        outcome = 'accepted'
        and {{ in_loads_to_build(ref('int_company_lists__in_force')) }}
),

lists as (
    select * from {{ ref('int_company_lists__in_force') }}
),

rates as (
    select * from {{ ref('int_cash_rates__in_force') }}
    where
        currency = '{{ var("cashflow_reference_currency") }}'
        -- Before the first payment: the first rates.
        and in_force_from is null
),

listed as (
    select
        companies.company_id,
        companies.company_name,
        companies.owner_name,
        companies.address,
        companies.ibans,
        companies._load_id,
        companies._line_no,
        lists.business_date as listed_date,
        '{{ var("cashflow_reference_currency") }}' as reference_currency,
        companies.balance_amount,
        {{ round_half_even('companies.balance_amount * rates.eur_rate') }} as balance_eur,
        {{ round_half_even('companies.balance_amount * rates.usd_rate') }} as balance_usd,
        coalesce(purged.amount_eur, 0) as purged_amount_eur,
        coalesce(purged.amount_usd, 0) as purged_amount_usd
    from companies
    inner join lists
        on companies._load_id = lists.load_id
    left join rates
        on rates.eur_rate is not null
    left join {{ kept_cash_balances() }} as purged
        on companies.company_id = purged.company_id
)

select
    company_id,
    company_name,
    owner_name,
    address,
    ibans,
    reference_currency,
    cast(balance_amount as numeric(24, 4)) as reference_balance_amount,
    cast(balance_eur as numeric(22, 2)) as reference_balance_amount_eur,
    cast(balance_usd as numeric(22, 2)) as reference_balance_amount_usd,
    cast(
        {{ opening_balance('balance_eur') }} + purged_amount_eur as numeric(22, 2)
    ) as opening_balance_amount_eur,
    cast(
        {{ opening_balance('balance_usd') }} + purged_amount_usd as numeric(22, 2)
    ) as opening_balance_amount_usd,
    listed_date,
    _load_id,
    _line_no
from listed
