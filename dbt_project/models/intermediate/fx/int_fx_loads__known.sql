{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of exchange rates. Each file holds the whole history, so the newest replaces the
-- others.

with loads as (
    select * from {{ ref('int_loads__known') }}
),

fixed_rates as (
    select * from {{ ref('fx_fixed_rates') }}
),

fixed_rates_version as (
    select
        {{ fingerprint_of_rows(
            'currency || rate_date || units_per_eur || source',
            'currency, rate_date'
        ) }} as fixed_rates_fingerprint
    from fixed_rates
)

select
    loads.load_id,
    loads.business_date,
    loads.line_count,
    loads.malformed_count,
    row_number() over (order by loads.business_date desc, loads.load_id desc) = 1 as is_newest,
    loads.version || '/' || fixed_rates_version.fixed_rates_fingerprint as version
from loads
cross join fixed_rates_version
where loads.feed = 'fx_rates'
