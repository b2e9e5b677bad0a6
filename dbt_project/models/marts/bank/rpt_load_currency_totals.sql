{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency'],
    meta={'wanted': 'int_loads__told'}
) }}

-- Grain: one row per published load and currency.

with totals as (
    select * from {{ ref('int_load_currency_totals__summed') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
)

select
    _load_id,
    currency,
    cast(accepted_count as bigint) as accepted_count,
    cast(accepted_amount as numeric(22, 2)) as accepted_amount,
    cast(case when converted_count > 0 then converted_amount_sek end as numeric(22, 2))
        as accepted_amount_sek
from totals
