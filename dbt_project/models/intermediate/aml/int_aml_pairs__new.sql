{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['sender_key', 'receiver_key', 'met_date'], 'unique': true},
        {'columns': ['receiver_key', 'met_date'], 'type': 'btree'},
        {'columns': ['sender_key', 'met_date'], 'type': 'btree'},
    ],
    pre_hook="{{ touch_new_pairs(
        ref('int_aml_pairs__met'), ref('int_aml_account_days__counted')
    ) }}",
    post_hook=[
        "{{ note_changed_pairs('int_aml_features__of_pairs') }}",
        "{{ forget_reopened_windows('int_aml_pairs__new') }}",
        "{{ by_load__record_changes_sql('int_aml_pairs__met') }}
        {{ by_load__record_changes_sql('int_aml_account_days__counted') }} select 1",
    ]
) }}

-- One row per payer, payee and day on which they met for the first time in `aml_pair_memory_days`,
-- both of them not busy. A pair is rebuilt where it, or a day of its accounts, changed.

with pairs as (
    select
        met.sender_key,
        met.receiver_key,
        met.booked_date as met_date,
        sum(met.payment_count) as payment_count,
        sum(met.amount_sek) as amount_sek
    from {{ ref('int_aml_pairs__met') }} as met
    {%- if is_incremental() %}
        inner join {{ touched_pairs() }} as touched
            on
                met.sender_key = touched.sender_key
                and met.receiver_key = touched.receiver_key
                and met.booked_date = touched.met_date
    {%- endif %}
    group by met.sender_key, met.receiver_key, met.booked_date
),

meetings as (
    select * from {{ ref('int_aml_pairs__met') }}
),

-- Twice, for what is read twice is put aside, without its index.
payer_days as (
    select * from {{ ref('int_aml_account_days__counted') }}
),

payee_days as (
    select * from {{ ref('int_aml_account_days__counted') }}
)

select
    pairs.sender_key,
    pairs.receiver_key,
    pairs.met_date,
    pairs.payment_count,
    pairs.amount_sek
from pairs
where
    not exists (
        select 1
        from meetings
        where
            meetings.sender_key = pairs.sender_key
            and meetings.receiver_key = pairs.receiver_key
            and meetings.booked_date >= pairs.met_date - {{ var('aml_pair_memory_days') }}
            and meetings.booked_date < pairs.met_date
    )
    and coalesce((
        select sum(payer_days.payment_count)
        from payer_days
        where
            payer_days.account_key = pairs.sender_key
            and payer_days.booked_date = pairs.met_date
    ), 0) <= {{ var('aml_busy_day_payments') }}
    and coalesce((
        select sum(payee_days.payment_count)
        from payee_days
        where
            payee_days.account_key = pairs.receiver_key
            and payee_days.booked_date = pairs.met_date
    ), 0) <= {{ var('aml_busy_day_payments') }}
