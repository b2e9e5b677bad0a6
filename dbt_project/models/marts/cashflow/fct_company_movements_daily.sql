{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'company_id', 'movement_date'],
    indexes=[
        {'columns': ['company_id', 'movement_date'], 'type': 'btree'},
        {'columns': ['movement_date'], 'type': 'btree'},
    ],
    meta={'wanted': 'int_cash_loads__published'}
) }}

-- Grain: one row per load, company and day with movement.

with movements as (
    select * from {{ ref('fct_cash_movements') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
)

select
    _load_id,
    company_id,
    booked_date as movement_date,
    cast(coalesce(sum(movement_amount_eur) filter (where leg = 'credit'), 0) as numeric(22, 2))
        as credit_amount_eur,
    cast(coalesce(-sum(movement_amount_eur) filter (where leg = 'debit'), 0) as numeric(22, 2))
        as debit_amount_eur,
    cast(coalesce(sum(movement_amount_usd) filter (where leg = 'credit'), 0) as numeric(22, 2))
        as credit_amount_usd,
    cast(coalesce(-sum(movement_amount_usd) filter (where leg = 'debit'), 0) as numeric(22, 2))
        as debit_amount_usd,
    count(*) filter (where leg = 'credit') as credit_count,
    count(*) filter (where leg = 'debit') as debit_count
from movements
group by _load_id, company_id, booked_date
