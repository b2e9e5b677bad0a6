{{ config(indexes=[{'columns': ['currency', '_load_id'], 'unique': true}]) }}

-- One row per list in force and currency: what one unit is in EUR and USD, and on which days. The
-- first list is in force for the days before it, too.

with lists as (
    select * from {{ ref('int_cash_rate_loads__gated') }}
    where is_in_force
),

rates as (
    select * from {{ ref('int_cash_rates__compared') }}
    where not is_off
)

select
    rates.currency,
    rates._load_id,
    rates.eur_rate,
    rates.usd_rate,
    lists.business_date as rate_date,
    lists.in_force_from,
    lists.in_force_until
from rates
inner join lists
    on rates._load_id = lists.load_id
