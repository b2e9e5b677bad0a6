{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency'],
    meta={'wanted': 'int_loads__published'}
) }}

-- Grain: one row per published load and currency.

with transactions as (
    select * from {{ ref('fct_transactions') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

totals as (
    select
        _load_id,
        currency,
        count(*) as accepted_count,
        sum(amount) as accepted_amount,
        sum(amount_sek) as accepted_amount_sek
    from transactions
    group by _load_id, currency
)

select
    _load_id,
    currency,
    accepted_count,
    cast(accepted_amount as numeric(22, 2)) as accepted_amount,
    cast(accepted_amount_sek as numeric(22, 2)) as accepted_amount_sek
from totals
