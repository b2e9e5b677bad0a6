{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['structuring_5000', 'structuring_10000', 'structuring_15000'])) }}",
        "{{ reopen_windows('int_aml_edges__large', 'sender', ['structuring_5000', 'structuring_10000', 'structuring_15000'], has_floor=false) }}"
    ]
) }}

-- One row per line, sender and day with several payments just under the line and a sum above it.
-- The line is in EUR; it stands in floor_sek of the seed's row, unscaled.

with rules as (
    {{ rules_and_limits(['structuring_5000', 'structuring_10000', 'structuring_15000']) }}
),

units as (
    select * from {{ reopened() }}
),

anchors as (
    select distinct edges.*
    from units
    inner join {{ ref('int_aml_edges__large') }} as edges
        on
            {{ is_of_units('edges', 'sender_key') }}
    where edges.is_sender_own
),

windows as (
    select
        rules.rule_id,
        rules.version,
        rules.store_from,
        rules.floor_sek as line_eur,
        anchors.sender_key,
        anchors.booked_at as anchor_at,
        anchors.booked_date as anchor_date,
        anchors.transaction_id as anchor_id,
        payments.transaction_id,
        payments.booked_at,
        payments.business_date,
        payments.receiver_key,
        payments.amount_sek,
        payments.amount_eur,
        payments._load_id
    from rules
    inner join anchors
        on
            anchors.amount_eur >= rules.low_share * rules.floor_sek
            and anchors.amount_eur < rules.high_share * rules.floor_sek
    inner join {{ ref('int_aml_edges__large') }} as payments
        on
            anchors.sender_key = payments.sender_key
            and payments.booked_at between
            anchors.booked_at - rules.window_length and anchors.booked_at
            and payments.amount_eur >= rules.low_share * rules.floor_sek
            and payments.amount_eur < rules.high_share * rules.floor_sek
),

described as (
    select
        rule_id,
        version,
        sender_key as subject_key,
        anchor_date as alert_date,
        anchor_at as alert_at,
        anchor_id as transaction_id,
        line_eur,
        min(booked_at) as window_start_at,
        max(business_date) as known_date,
        max(_load_id) as last_load_id,
        count(*) as transaction_count,
        count(distinct receiver_key) as counterparty_count,
        sum(amount_sek) as amount_out_sek,
        sum(amount_eur) as amount_eur,
        {{ words_of_rows(
            evidence_word("'out'", '1', 'transaction_id'), 'booked_at, transaction_id'
        ) }} as evidence,
        row_number() over (
            partition by rule_id, version, sender_key, anchor_date
            order by count(*) desc, anchor_at asc, anchor_id asc
        ) as place
    from windows
    group by
        rule_id, version, sender_key, anchor_date, anchor_at, anchor_id, line_eur, store_from
    having
        count(*) >= store_from
        and sum(amount_eur) > line_eur
)

select
    rule_id,
    version,
    subject_key,
    alert_date,
    cast('day' as text) as anchor,
    known_date,
    alert_at,
    transaction_id,
    window_start_at,
    cast(transaction_count as numeric(28, 6)) as value,
    cast(0 as numeric(28, 6)) as amount_in_sek,
    cast(amount_out_sek as numeric(28, 6)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    transaction_count || ' payments of just under ' || {{ money_text('line_eur') }}
    || ' EUR within ' || {{ duration_text('window_start_at', 'alert_at') }} || ', '
    || {{ money_text('amount_eur') }} || ' EUR in all' as finding,
    cast('account_amount' as text) as measure,
    cast(amount_out_sek as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
where place = 1
