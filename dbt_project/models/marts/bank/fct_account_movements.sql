{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'own_account', 'movement_date'],
    indexes=[{
        'columns': [
            'own_account', 'movement_date', '_load_id', 'incoming_count', 'outgoing_count'
        ],
        'type': 'btree',
    }],
    meta={
        'wanted': 'int_transaction_loads__published',
        'adds': 'fct_transactions',
        'counts': ['incoming_count', 'outgoing_count'],
    }
) }}

-- Grain: one row per load, own account and booking day with movement. A payment between two own
-- accounts moves both. The index has the counts with it: detection adds up the month before each
-- busy day, and need not visit a row of every day for it.

with transactions as (
    {{ rows_to_add(ref('fct_transactions'), ref('int_transaction_loads__published')) }}
),

movements as (
    select
        transactions._load_id,
        sides.own_account,
        transactions.booked_date as movement_date,
        sides.is_incoming,
        transactions._sign,
        transactions._sign * coalesce(transactions.amount_sek, 0) as amount_sek
    from transactions
    inner join lateral (
        values
        (transactions.receiver_account, true, transactions.direction <> 'outgoing'),
        (transactions.sender_account, false, transactions.direction <> 'incoming')
    ) as sides (own_account, is_incoming, is_own) on sides.is_own
)

select
    _load_id,
    own_account,
    movement_date,
    cast(coalesce(sum(amount_sek) filter (where is_incoming), 0) as numeric(22, 2))
        as incoming_amount_sek,
    cast(coalesce(sum(amount_sek) filter (where not is_incoming), 0) as numeric(22, 2))
        as outgoing_amount_sek,
    cast(coalesce(sum(_sign) filter (where is_incoming), 0) as bigint) as incoming_count,
    cast(coalesce(sum(_sign) filter (where not is_incoming), 0) as bigint) as outgoing_count
from movements
group by _load_id, own_account, movement_date
