{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['account_key', 'booked_date', '_load_id'], 'unique': true},
        {'columns': ['_load_id'], 'type': 'btree'},
    ],
    meta={'units': 'days'},
    pre_hook="{{ touch_units(
        ['sender_key', 'receiver_key'], ['account_key'], ['account_key', 'booked_date', '_load_id']
    ) }}",
    post_hook="{{ log_units(['account_key']) }}"
) }}

-- One row per load, account and day with more than a few payments of it in the load: all that is
-- needed to tell a busy day. Single late lines of another day's file leave nothing here.

with sent as (
    {{ edges_of_units(['sender_key']) }}
),

received as (
    {{ edges_of_units(['receiver_key']) }}
),

sides as (
    select
        _load_id,
        sender_key as account_key,
        booked_date
    from sent
    where is_timely
    union all
    select
        _load_id,
        receiver_key as account_key,
        booked_date
    from received
    where is_timely
)

select
    _load_id,
    account_key,
    booked_date,
    count(*) as payment_count
from sides
group by _load_id, account_key, booked_date
having count(*) >= {{ var('aml_counted_from') }}
