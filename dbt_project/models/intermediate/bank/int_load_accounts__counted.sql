{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'account'],
    indexes=[{'columns': ['_load_id'], 'type': 'btree'}],
    meta={'wanted': 'int_transaction_loads__known'}
) }}

-- One row a load and an account on its lines that should be ours: small enough to hold against several registers.

with lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
),

mentions as (
    select
        lines._load_id,
        sides.account
    from lines
    cross join lateral (values (lines.sender_account), (lines.receiver_account)) as sides (account)
    where {{ account_is_own('sides.account') }}
)

select
    _load_id,
    account,
    count(*) as mention_count
from mentions
group by _load_id, account
