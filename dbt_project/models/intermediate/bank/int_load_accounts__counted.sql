{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'account'],
    indexes=[{'columns': ['_load_id', 'account'], 'unique': true}],
    meta={
        'wanted': 'int_transaction_loads__known',
        'adds': 'int_transactions__judged',
        'counts': ['mention_count'],
    }
) }}

-- One row per load and an account on its lines that should be ours: small enough to hold against
-- several registers.

with lines as (
    {{ rows_to_add(ref('int_transactions__judged'), ref('int_transaction_loads__known')) }}
),

mentions as (
    select
        lines._load_id,
        sides.account,
        lines._sign
    from lines
    inner join lateral (
        values (lines.sender_account), (lines.receiver_account)
    ) as sides (account) on {{ account_is_own('sides.account') }}
)

select
    _load_id,
    account,
    sum(_sign) as mention_count
from mentions
group by _load_id, account
