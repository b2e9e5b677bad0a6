{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency'],
    meta={'wanted': 'int_loads__published'}
) }}

-- Grain: one row a published load and currency.

with transactions as (
    select * from {{ ref('fct_transactions') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
)

select
    _load_id,
    currency,
    cast(sum(amount) as numeric(22, 2)) as accepted_amount,
    cast(sum(amount_sek) as numeric(22, 2)) as accepted_amount_sek,
    count(*) as accepted_count
from transactions
group by _load_id, currency
