{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'own_account', 'movement_date'],
    indexes=[{'columns': ['own_account', 'movement_date'], 'type': 'btree'}],
    meta={'wanted': 'int_loads__published'}
) }}

-- Grain: one row a load, own account and booking day with movement. A payment between two own accounts moves both.

with transactions as (
    select * from {{ ref('fct_transactions') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

movements as (
    select
        transactions._load_id,
        sides.own_account,
        transactions.booked_date,
        sides.is_incoming,
        transactions.amount_sek
    from transactions
    cross join lateral (
        values
        (transactions.receiver_account, true, transactions.direction <> 'outgoing'),
        (transactions.sender_account, false, transactions.direction <> 'incoming')
    ) as sides (own_account, is_incoming, is_own)
    where sides.is_own
)

select
    _load_id,
    own_account,
    booked_date as movement_date,
    coalesce(sum(amount_sek) filter (where is_incoming), 0) as incoming_amount_sek,
    coalesce(sum(amount_sek) filter (where not is_incoming), 0) as outgoing_amount_sek,
    count(*) filter (where is_incoming) as incoming_count,
    count(*) filter (where not is_incoming) as outgoing_count
from movements
group by _load_id, own_account, booked_date
