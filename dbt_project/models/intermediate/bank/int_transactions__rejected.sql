{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[{'columns': ['_load_id', '_line_no'], 'unique': true}],
    post_hook="{{ record_clock() }}",
    meta={
        'wanted': 'int_transaction_loads__registered',
        'logs': true,
        'follows': ['int_transactions__judged'],
        'touched_by': 'lines_whose_day_came',
    }
) }}

-- One row per line that is rejected for what stands on it, in the register or in the calendar, with
-- every rule it fails. Lines that repeat an accepted id are found later: see
-- int_transactions__deduplicated.
-- depends_on: {{ ref('int_transactions__late') }}

with loads as (
    select * from {{ ref('int_transaction_loads__registered') }}
),

lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered')) }}
),

register_accounts as (
    select
        _load_id,
        account
    from {{ ref('int_customers__judged') }}
    where outcome = 'accepted'
),

looked_up as (
    select
        lines._load_id,
        lines._line_no,
        lines.amount,
        lines.currency,
        lines.failures,
        lines.is_future and lines.booked_date > loads.released_through as is_waiting,
        (
            {{ account_is_own('lines.sender_account') }} and sender_known.account is null
        ) or (
            {{ account_is_own('lines.receiver_account') }} and receiver_known.account is null
        ) as has_unknown_own_account
    from lines
    inner join loads
        on lines._load_id = loads.load_id
    left join register_accounts as sender_known
        on
            loads.register_load_id = sender_known._load_id
            and lines.sender_account = sender_known.account
    left join register_accounts as receiver_known
        on
            loads.register_load_id = receiver_known._load_id
            and lines.receiver_account = receiver_known.account
),

failing as (
    select
        _load_id,
        _line_no,
        amount,
        currency,
        {{ words_as_array(words([
            "failures",
            "case when has_unknown_own_account then 'account.unknown_own' end",
            "case when is_waiting then 'ts.future' end",
        ])) }} as rule_ids
    from looked_up
    where failures is not null or has_unknown_own_account or is_waiting
)

select
    _load_id,
    _line_no,
    amount,
    currency,
    rule_ids
from failing
