{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['sender_key', 'booked_at'], 'type': 'btree'},
        {'columns': ['_load_id', 'sender_key'], 'type': 'btree'},
    ],
    pre_hook="{{ touch_units(
        ['sender_key'],
        ['sender_key'],
        ['sender_key', 'booked_at', 'transaction_id', '_load_id'],
        which=has_near_payments()
    ) }}",
    post_hook="{{ log_units(['sender_key']) }}"
) }}

-- One row per payment that is one of at least four of its sender, in one delivery, within five
-- minutes: all that a burst can be made of.

with edges as (
    {{ edges_of_units(['sender_key']) }}
),

sent as (
    select
        transaction_id,
        booked_at,
        booked_date,
        business_date,
        sender_key,
        receiver_key,
        amount_sek,
        _load_id,
        lag(booked_at, 1) over payments_of_sender as before_1,
        lag(booked_at, 2) over payments_of_sender as before_2,
        lag(booked_at, 3) over payments_of_sender as before_3,
        lead(booked_at, 1) over payments_of_sender as after_1,
        lead(booked_at, 2) over payments_of_sender as after_2,
        lead(booked_at, 3) over payments_of_sender as after_3
    from edges
    where
        is_sender_own
        and sender_key <> receiver_key
    window payments_of_sender as (
        partition by _load_id, sender_key
        order by booked_at, transaction_id
    )
)

select
    transaction_id,
    booked_at,
    booked_date,
    business_date,
    sender_key,
    receiver_key,
    amount_sek,
    _load_id
from sent
where
    least(after_3 - booked_at, after_2 - before_1, after_1 - before_2, booked_at - before_3)
    <= {{ dense_span() }}
