{{ config(
    materialized='by_load',
    unique_key=['currency', 'rate_date'],
    indexes=[{'columns': ['currency', 'rate_date'], 'unique': true}],
    meta={'wanted': 'int_fx_loads__newest', 'logs': 'all'}
) }}

-- One row per currency and day with a rate: kronor for one unit, and how long the rate may be used.
-- A rate stands until the next one. The last one of a currency that is still quoted stands until a
-- newer file comes; the last one of a currency that is quoted no more (the rouble since March 2022)
-- only for a few days: what it is worth today nobody said.

with newest as (
    select * from {{ ref('int_fx_loads__newest') }}
    where {{ in_loads_to_build(ref('int_fx_loads__newest'), 'load_id') }}
),

lines as (
    select
        newest.load_id as _load_id,
        stg.rate_date,
        stg.units_per_eur
    from newest
    inner join {{ ref('stg_fx__rates') }} as stg
        on newest.rates_load_id = stg._load_id
    where stg.rate_date is not null
),

fixed_rates as (
    select * from {{ ref('fx_fixed_rates') }}
),

rates as (
    select
        lines._load_id,
        lines.rate_date,
        rates.key as currency,
        rates.value as units_per_eur_raw
    from lines
    cross join lateral {{ json_pairs('lines.units_per_eur') }} as rates
    -- The bank writes N/A where it published no rate.
    where {{ matches('rates.value', '^[0-9]{1,12}([.][0-9]{1,12})?$') }}
),

published as (
    select
        _load_id,
        currency,
        rate_date,
        {{ cast_as('units_per_eur_raw', 'numeric') }} as units_per_eur
    from rates
    {{ evaluate_once() }}
),

krona as (
    select
        _load_id,
        rate_date,
        units_per_eur as sek_per_eur,
        lead(rate_date) over (order by rate_date) as next_rate_date
    from published
    where currency = 'SEK'
),

against_krona as (
    select
        published._load_id,
        published.currency,
        published.rate_date,
        krona.sek_per_eur / published.units_per_eur as sek_rate,
        'ECB' as source,
        {{ var('fx_discontinued_after_days') }} as days_after_last
    from published
    inner join krona
        on published.rate_date = krona.rate_date
    where published.currency <> 'SEK' and published.units_per_eur > 0
    union all
    select
        _load_id,
        'EUR' as currency,
        rate_date,
        sek_per_eur as sek_rate,
        'ECB' as source,
        {{ var('fx_discontinued_after_days') }} as days_after_last
    from krona
    union all
    -- Both legs of a cross rate are of one day: the day of the fixed rate.
    select
        krona._load_id,
        fixed_rates.currency,
        fixed_rates.rate_date,
        krona.sek_per_eur / fixed_rates.units_per_eur as sek_rate,
        fixed_rates.source,
        {{ var('fx_fixed_rate_days') }} as days_after_last
    from fixed_rates
    inner join krona
        on
            fixed_rates.rate_date >= krona.rate_date
            and (krona.next_rate_date is null or fixed_rates.rate_date < krona.next_rate_date)
    where not exists (
        select 1 from published
        where published.currency = fixed_rates.currency
    )
),

dated as (
    select
        *,
        lead(rate_date) over (partition by currency order by rate_date) as next_rate_date,
        -- Fixed rates may be dated later than the file: they say nothing of how old it is.
        max(rate_date) filter (where source = 'ECB') over () as newest_date
    from against_krona
)

select
    _load_id,
    currency,
    rate_date,
    cast(sek_rate as numeric(28, 16)) as sek_rate,
    source,
    case
        when next_rate_date is not null then next_rate_date
        when source <> 'ECB' or rate_date + days_after_last < newest_date
            then rate_date + days_after_last
    end as used_until
from dated
