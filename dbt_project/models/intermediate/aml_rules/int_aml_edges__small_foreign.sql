{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['receiver_key', 'booked_at'], 'type': 'btree'},
        {'columns': ['_load_id', 'receiver_key'], 'type': 'btree'},
    ],
    pre_hook="{{ touch_units(
        ['receiver_key'],
        ['receiver_key'],
        ['receiver_key', 'booked_at', 'transaction_id', '_load_id'],
        which=moves_small_shares()
    ) }}",
    post_hook="{{ log_units(['receiver_key']) }}"
) }}

-- One row per small payment from abroad, where such ones are a noticeable part of what the account
-- received in the delivery so far: all that smurfing can be made of.

with edges as (
    {{ edges_of_units(['receiver_key']) }}
),

sized as (
    select
        edges.*,
        {{ is_small_from_abroad('edges') }} as is_small_from_abroad
    from edges
    where
        edges.is_receiver_own
        and edges.sender_key <> edges.receiver_key
),

received as (
    select
        *,
        count(*) over payments_to_receiver as received_count,
        count(*) filter (where is_small_from_abroad) over payments_to_receiver as small_count,
        count(*) over (partition by _load_id, receiver_key) as received_in_load_count
    from sized
    window payments_to_receiver as (
        partition by _load_id, receiver_key
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
    sender_country,
    amount_sek,
    received_count,
    received_in_load_count,
    _load_id
from received
where
    is_small_from_abroad
    and small_count >= 0.2 * received_count
