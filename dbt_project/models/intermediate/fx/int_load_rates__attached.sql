{{ config(indexes=[{'columns': ['_load_id', 'currency', 'booked_date'], 'unique': true}]) }}

-- One row per load, foreign currency and booking day: the rate to use, the one of the day or the
-- last before it. Null where there is none: such a line is accepted with a flag and without an
-- amount in kronor.

with currency_days as (
    select * from {{ ref('int_load_currency_days__counted') }}
    where currency <> 'SEK'
)

select
    currency_days._load_id,
    currency_days.currency,
    currency_days.booked_date,
    case when usable.is_usable then usable.sek_rate end as fx_rate,
    case when usable.is_usable then usable.rate_date end as fx_rate_date,
    case when usable.is_usable then usable.source end as fx_source,
    case
        when usable.is_usable is not true then 'fx.no_rate'
        when
            usable.source = 'ECB'
            and currency_days.booked_date - usable.rate_date > {{ var('fx_stale_after_days') }}
            then 'fx.stale_rate'
    end as flag
from currency_days
left join lateral (
    select
        quoted.sek_rate,
        quoted.rate_date,
        quoted.source,
        quoted.used_until is null or quoted.used_until > currency_days.booked_date as is_usable
    from {{ ref('int_fx_rates__quoted') }} as quoted
    where
        quoted.currency = currency_days.currency
        and quoted.rate_date <= currency_days.booked_date
    order by quoted.rate_date desc
    limit 1
) as usable on true
