{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no', 'field'],
    meta={
        'wanted': 'int_loads__published',
        'follows': [
            'int_transactions__judged',
            'int_transactions__rejected',
            'int_transactions__deduplicated',
        ],
    }
) }}

-- Grain: one row per corrected field of an accepted line of a published load.
-- depends_on: {{ ref('int_transactions__rejected') }}
-- depends_on: {{ ref('int_transactions__deduplicated') }}

with lines as (
    select * from {{ ref('int_transactions__judged') }}
    where
        {{ is_corrected() }}
        and {{ in_loads_to_build(ref('int_loads__published')) }}
),

excluded as (
    select
        _load_id,
        _line_no
    from {{ ref('int_transactions__excluded') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

raw_lines as (
    select * from {{ ref('stg_bank__transactions') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

register_lines as (
    select * from {{ ref('int_customers__judged') }}
    where
        outcome = 'accepted'
        and account_correction is not null
        and {{ in_loads_to_build(ref('int_loads__published'), of_lines=false) }}
),

customers as (
    select * from {{ ref('stg_bank__customers') }}
    where {{ in_loads_to_build(ref('int_loads__published'), of_lines=false) }}
),

accepted_lines as (
    select lines.*
    from lines
    left join excluded
        on
            lines._load_id = excluded._load_id
            and lines._line_no = excluded._line_no
    where excluded._line_no is null
),

fields as (
    select
        accepted_lines._load_id,
        accepted_lines._line_no,
        corrections.field,
        corrections.raw_value,
        corrections.clean_value,
        corrections.rule_id
    from accepted_lines
    inner join raw_lines
        on
            accepted_lines._load_id = raw_lines._load_id
            and accepted_lines._line_no = raw_lines._line_no
    inner join lateral (
        values
        (
            'transaction_id',
            raw_lines.transaction_id_raw,
            cast(accepted_lines.transaction_id as text),
            accepted_lines.transaction_id_correction
        ),
        (
            'timestamp',
            raw_lines.timestamp_raw,
            {{ local_time_text('accepted_lines.booked_at', var('bank_time_zone')) }},
            accepted_lines.timestamp_correction
        ),
        (
            'amount',
            raw_lines.amount_raw,
            cast(accepted_lines.amount as text),
            accepted_lines.amount_correction
        ),
        (
            'currency',
            raw_lines.currency_raw,
            accepted_lines.currency,
            accepted_lines.currency_correction
        ),
        (
            'sender_account',
            raw_lines.sender_account_raw,
            accepted_lines.sender_account,
            accepted_lines.sender_account_correction
        ),
        (
            'receiver_account',
            raw_lines.receiver_account_raw,
            accepted_lines.receiver_account,
            accepted_lines.receiver_account_correction
        ),
        (
            'sender_country',
            raw_lines.sender_country_raw,
            accepted_lines.sender_country,
            accepted_lines.sender_country_correction
        ),
        (
            'receiver_country',
            raw_lines.receiver_country_raw,
            accepted_lines.receiver_country,
            accepted_lines.receiver_country_correction
        ),
        (
            'transaction_type',
            raw_lines.transaction_type_raw,
            accepted_lines.transaction_type,
            accepted_lines.transaction_type_correction
        )
    ) as corrections (field, raw_value, clean_value, rule_id) on true
    where corrections.rule_id is not null
)

select
    _load_id,
    _line_no,
    field,
    raw_value,
    clean_value,
    rule_id
from fields
union all
select
    register_lines._load_id,
    register_lines._line_no,
    'bank_account' as field,
    customers.account_raw as raw_value,
    register_lines.account as clean_value,
    register_lines.account_correction as rule_id
from register_lines
inner join customers
    on
        register_lines._load_id = customers._load_id
        and register_lines._line_no = customers._line_no
