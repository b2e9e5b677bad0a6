{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'own_account', 'movement_date'],
    indexes=[{'columns': ['own_account', 'movement_date'], 'type': 'btree'}],
    meta={'wanted': 'int_loads__published'}
) }}

-- Grain: one row per load, own account and booking day with movement. A payment between two own
-- accounts moves both.

with incoming_transactions as (
    select * from {{ ref('fct_transactions') }}
    where
        direction <> 'outgoing'
        and {{ in_loads_to_build(ref('int_loads__published')) }}
),

outgoing_transactions as (
    select * from {{ ref('fct_transactions') }}
    where
        direction <> 'incoming'
        and {{ in_loads_to_build(ref('int_loads__published')) }}
),

movements as (
    select
        _load_id,
        receiver_account as own_account,
        booked_date as movement_date,
        amount_sek as incoming_amount_sek,
        cast(null as numeric) as outgoing_amount_sek,
        1 as incoming_count,
        0 as outgoing_count
    from incoming_transactions
    union all
    select
        _load_id,
        sender_account as own_account,
        booked_date as movement_date,
        cast(null as numeric) as incoming_amount_sek,
        amount_sek as outgoing_amount_sek,
        0 as incoming_count,
        1 as outgoing_count
    from outgoing_transactions
)

select
    _load_id,
    own_account,
    movement_date,
    cast(coalesce(sum(incoming_amount_sek), 0) as numeric(22, 2)) as incoming_amount_sek,
    cast(coalesce(sum(outgoing_amount_sek), 0) as numeric(22, 2)) as outgoing_amount_sek,
    sum(incoming_count) as incoming_count,
    sum(outgoing_count) as outgoing_count
from movements
group by _load_id, own_account, movement_date
