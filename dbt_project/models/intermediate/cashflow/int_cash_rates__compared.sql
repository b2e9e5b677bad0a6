{{ config(indexes=[{'columns': ['_load_id', 'currency'], 'unique': true}]) }}

-- One row per list and currency that can be read: what one unit is in EUR and in USD by the
-- settings, and how far that is from the European Central Bank's rate of the day and from itself
-- (in dollars directly, and in euros that are dollars). The euro's own rate in dollars is the
-- dollar's in euros turned round: the real service writes the other one there.

with loads as (
    select * from {{ ref('int_cash_rate_loads__known') }}
),

lines as (
    select * from {{ ref('int_cash_rates__judged') }}
    where failure is null
),

directed as (
    select
        _load_id,
        _line_no,
        currency,
        cast({{ cash_rate('EUR', 'usd_rate', 'eur_rate') }} as numeric(28, 16)) as eur_rate,
        cast({{ cash_rate('USD', 'usd_rate', 'eur_rate') }} as numeric(28, 16)) as usd_rate,
        cast(
            {{ cash_rate('EUR', 'usd_rate', 'eur_rate', is_reciprocal=true) }} as numeric(28, 16)
        ) as units_per_eur
    from lines
),

dollars as (
    select
        _load_id,
        units_per_eur as usd_per_eur
    from directed
    where currency = 'USD'
),

ecb as (
    select
        loads.load_id,
        quoted.currency,
        quoted.rate_date,
        quoted.sek_rate
    from loads
    inner join {{ ref('int_fx_rates__quoted') }} as quoted
        on
            loads.business_date between quoted.rate_date
            and quoted.rate_date + {{ var('fx_stale_after_days') }}
            and (quoted.used_until is null or loads.business_date < quoted.used_until)
    where quoted.source = 'ECB'
),

ecb_of_the_day as (
    select
        load_id,
        currency,
        sek_rate,
        rate_date,
        row_number() over (partition by load_id, currency order by rate_date desc) as recency
    from ecb
),

ecb_in_euros as (
    select
        ecb_of_the_day.load_id,
        ecb_of_the_day.currency,
        ecb_of_the_day.rate_date,
        ecb_of_the_day.sek_rate / euro.sek_rate as ecb_eur_rate
    from ecb_of_the_day
    inner join ecb_of_the_day as euro
        on
            ecb_of_the_day.load_id = euro.load_id
            and euro.currency = 'EUR'
            and euro.recency = 1
    where ecb_of_the_day.recency = 1
),

measured as (
    select
        directed._load_id,
        directed._line_no,
        directed.currency,
        directed.eur_rate,
        dollars.usd_per_eur,
        ecb_in_euros.rate_date as ecb_date,
        cast(ecb_in_euros.ecb_eur_rate as numeric(28, 16)) as ecb_eur_rate,
        case
            when directed.currency = 'EUR' then dollars.usd_per_eur
            else directed.usd_rate
        end as usd_rate,
        directed.eur_rate / ecb_in_euros.ecb_eur_rate - 1 as ecb_deviation
    from directed
    left join dollars
        on directed._load_id = dollars._load_id
    left join ecb_in_euros
        on
            directed._load_id = ecb_in_euros.load_id
            and directed.currency = ecb_in_euros.currency
),

deviated as (
    select
        *,
        usd_rate / nullif(eur_rate * usd_per_eur, 0) - 1 as cross_deviation
    from measured
)

select
    _load_id,
    _line_no,
    currency,
    eur_rate,
    usd_rate,
    ecb_eur_rate,
    ecb_date,
    cast(ecb_deviation as numeric(28, 6)) as ecb_deviation,
    cast(cross_deviation as numeric(28, 6)) as cross_deviation,
    coalesce(abs(ecb_deviation) > {{ var('cashflow_rate_tolerance') }}, false)
    or coalesce(abs(cross_deviation) > {{ var('cashflow_rate_tolerance') }}, true) as is_off
from deviated
