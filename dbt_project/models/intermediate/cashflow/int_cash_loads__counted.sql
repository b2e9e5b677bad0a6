{{ config(
    materialized='by_load',
    unique_key=['_load_id'],
    indexes=[{'columns': ['_load_id'], 'unique': true}],
    meta={'wanted': 'int_cash_loads__gated'}
) }}

-- One row per load of payments: how many of its lines count nowhere.

with loads as (
    select * from {{ ref('int_cash_loads__gated') }}
    where {{ in_loads_to_build(ref('int_cash_loads__gated'), 'load_id') }}
),

settled as (
    select * from {{ ref('int_cash_transactions__settled') }}
    where {{ in_loads_to_build(ref('int_cash_loads__gated')) }}
)

select
    loads.load_id as _load_id,
    count(*) filter (where settled.outcome = 'rejected') as rejected_count,
    count(*) filter (where settled.outcome = 'duplicate') as duplicate_count
from loads
left join settled
    on loads.load_id = settled._load_id
group by loads.load_id
