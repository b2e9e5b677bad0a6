{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['_line_no'], 'type': 'btree'},
        {'columns': ['sender_key', 'booked_date'], 'type': 'btree'},
        {'columns': ['receiver_key', 'booked_date'], 'type': 'btree'},
    ],
    pre_hook="{{ note_days_of_gone_loads(
        ['int_aml_hits__dormant_account', 'int_aml_hits__fan'], ref('int_aml_loads__dated')
    ) }}",
    meta={
        'wanted': 'int_aml_loads__dated',
        'partitioned': true,
        'logs': true,
        'follows': ['fct_transactions'],
    }
) }}

-- One row per published payment, as an edge between two accounts. Everything that detection looks
-- at is read from here: narrow rows, accounts as numbers.

with transactions as (
    select * from {{ ref('fct_transactions') }}
    where {{ in_loads_to_build(ref('int_aml_loads__dated')) }}
),

loads as (
    select * from {{ ref('int_aml_loads__dated') }}
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
    coalesce(transactions.amount_sek, 0) as amount_sek,
    round(
        case transactions.currency
            when 'EUR' then transactions.amount
            else coalesce(transactions.amount_sek, 0) / {{ var('aml_sek_per_eur') }}
        end, 2
    ) as amount_eur,
    transactions.sender_country,
    transactions.receiver_country,
    transactions.business_date - transactions.booked_date <= {{ var('aml_reopen_days') }}
    or loads.is_history as is_timely,
    transactions._load_id,
    transactions._line_no
from transactions
inner join loads
    on transactions._load_id = loads.load_id
