{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['sender_key', 'receiver_key', 'booked_date', '_load_id'], 'unique': true},
        {'columns': ['receiver_key', 'booked_date'], 'type': 'btree'},
        {'columns': ['_load_id'], 'type': 'btree'},
    ],
    meta={'units': 'days'},
    pre_hook="{{ touch_units(
        ['sender_key', 'receiver_key'],
        ['sender_key', 'receiver_key'],
        ['sender_key', 'receiver_key', 'booked_date', '_load_id']
    ) }}",
    post_hook="{{ log_units(['sender_key', 'receiver_key']) }}"
) }}

-- One row per load, day, payer and payee, for accounts that were not busy that day by this load
-- alone. Of an account with dozens of payments a day every counterparty is news, and a
-- neighbourhood says nothing: the rules look after those.

with edges as (
    {{ edges_of_units(['sender_key', 'receiver_key']) }}
),

busy_days as (
    select
        _load_id,
        account_key,
        booked_date
    from {{ ref('int_aml_account_days__counted') }}
    where
        payment_count > {{ var('aml_busy_day_payments') }}
        and {{ in_loads_of_units() }}
),

quiet_edges as (
    select edges.*
    from edges
    left join busy_days as sender_days
        on
            edges._load_id = sender_days._load_id
            and edges.sender_key = sender_days.account_key
            and edges.booked_date = sender_days.booked_date
    left join busy_days as receiver_days
        on
            edges._load_id = receiver_days._load_id
            and edges.receiver_key = receiver_days.account_key
            and edges.booked_date = receiver_days.booked_date
    where
        edges.is_timely
        and edges.sender_key <> edges.receiver_key
        and sender_days.account_key is null
        and receiver_days.account_key is null
)

select
    _load_id,
    sender_key,
    receiver_key,
    booked_date,
    count(*) as payment_count,
    sum(amount_sek) as amount_sek
from quiet_edges
group by _load_id, sender_key, receiver_key, booked_date
