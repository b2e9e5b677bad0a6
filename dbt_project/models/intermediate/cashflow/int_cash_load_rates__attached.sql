{{ config(indexes=[{'columns': ['_load_id', 'currency', 'booked_date'], 'unique': true}]) }}

-- One row per load, currency and day of payments: the rates to use, those of the list in force on
-- that day. Null where the list has none: such a payment is quarantined, never converted 1:1.

with load_days as (
    select * from {{ ref('int_cash_load_days__counted') }}
    where currency is not null and booked_date is not null
),

rates as (
    select * from {{ ref('int_cash_rates__in_force') }}
)

select
    load_days._load_id,
    load_days.currency,
    load_days.booked_date,
    rates.eur_rate,
    rates.usd_rate,
    rates.rate_date
from load_days
left join rates
    on
        load_days.currency = rates.currency
        and (rates.in_force_from is null or load_days.booked_date >= rates.in_force_from)
        and (rates.in_force_until is null or load_days.booked_date < rates.in_force_until)
