{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'account'],
    indexes=[{'columns': ['_load_id', 'account'], 'unique': true}],
    meta={'wanted': 'int_transaction_loads__known'}
) }}

-- One row per load and an account on its lines that should be ours: small enough to hold against
-- several registers.

with sender_lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
),

receiver_lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
),

mentions as (
    select
        _load_id,
        sender_account as account
    from sender_lines
    where {{ account_is_own('sender_account') }}
    union all
    select
        _load_id,
        receiver_account as account
    from receiver_lines
    where {{ account_is_own('receiver_account') }}
)

select
    _load_id,
    account,
    count(*) as mention_count
from mentions
group by _load_id, account
