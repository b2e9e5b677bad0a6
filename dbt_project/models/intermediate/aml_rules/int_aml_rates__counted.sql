{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'booked_date'],
    indexes=[{'columns': ['_load_id', 'booked_date'], 'unique': true}],
    meta={'wanted': 'int_loads__published'}
) }}

-- One row per load and booking date with a payment in euro: what a euro was worth, so that amounts
-- in SEK can be held against reference lines in EUR.

with transactions as (
    select * from {{ ref('fct_transactions') }}
    where
        currency = 'EUR'
        and fx_rate is not null
        and {{ in_loads_to_build(ref('int_loads__published')) }}
)

select
    _load_id,
    booked_date,
    max(fx_rate) as sek_per_eur
from transactions
group by _load_id, booked_date
