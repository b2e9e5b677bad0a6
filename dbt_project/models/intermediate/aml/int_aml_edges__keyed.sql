{{ config(
    materialized='by_load',
    unique_key=['transaction_id'],
    indexes=[
        {'columns': ['booked_date'], 'type': 'btree'},
        {'columns': ['_load_id'], 'type': 'brin'},
    ],
    meta={'wanted': 'int_loads__published'}
) }}

-- One row per published payment, as an edge between two accounts. Everything that detection looks
-- at is read from here: narrow rows, accounts as numbers, found by day.

with transactions as (
    select * from {{ ref('fct_transactions') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

-- A file of past months is no late file: its lines are as much in time as they can be.
histories as (
    select _load_id
    from transactions
    group by _load_id
    having
        count(*) filter (where business_date - booked_date > {{ var('aml_reopen_days') }})
        > {{ var('aml_history_min_late_share') }} * count(*)
)

select
    transactions.transaction_id,
    transactions.booked_at,
    transactions.booked_date,
    transactions.business_date,
    {{ account_key('transactions.sender_account') }} as sender_key,
    {{ account_key('transactions.receiver_account') }} as receiver_key,
    transactions.direction <> 'incoming' as is_sender_own,
    transactions.direction <> 'outgoing' as is_receiver_own,
    transactions.direction,
    transactions.amount_sek,
    transactions.currency,
    transactions.sender_country,
    transactions.receiver_country,
    case transactions.direction
        when 'incoming' then transactions.sender_country
        when 'outgoing' then transactions.receiver_country
    end as counterparty_country,
    transactions.business_date - transactions.booked_date <= {{ var('aml_reopen_days') }}
    or histories._load_id is not null as is_timely,
    transactions._load_id,
    transactions._line_no
from transactions
left join histories
    on transactions._load_id = histories._load_id
