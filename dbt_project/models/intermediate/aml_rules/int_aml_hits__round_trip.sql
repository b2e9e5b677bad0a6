{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['round_trip'])) }}",
        "{{ reopen_windows('int_aml_edges__large', 'receiver', ['round_trip'], hops=4) }}"
    ]
) }}

-- One row per account and day on which money came back to it over other accounts, most of it kept.

with recursive rules as (
    {{ rules_and_limits(['round_trip']) }}
),

units as (
    select * from {{ reopened() }}
),

-- The payments are named where they are joined: a CTE that is read twice is put aside, all of
-- history of it, and without its indexes.
anchors as (
    select edges.*
    from units
    inner join {{ ref('int_aml_edges__large') }} as edges
        on
            {{ is_of_units('edges', 'receiver_key') }}
),

-- Back from the payment that completes it, hop by hop, to what may have paid for it.
walked as (
    select
        rules.rule_id,
        rules.version,
        rules.store_from,
        rules.low_share,
        rules.high_share,
        rules.scaled_floor_sek,
        rules.window_length,
        cast(rules.companion_threshold as integer) as most_hops,
        anchors.booked_at as anchor_at,
        anchors.booked_date as anchor_date,
        anchors.transaction_id as anchor_id,
        anchors.sender_key as last_sender_key,
        anchors.receiver_key as last_receiver_key,
        anchors.amount_sek as last_amount_sek,
        anchors.sender_key as first_sender_key,
        anchors.booked_at as first_at,
        anchors.amount_sek as first_amount_sek,
        anchors.transaction_id as first_id,
        anchors.business_date as known_date,
        anchors._load_id as last_load_id,
        1 as hops,
        cast(anchors.transaction_id as text) as ids,
        ' ' || anchors.sender_key || ' ' as visited
    from rules
    inner join anchors
        on rules.scaled_floor_sek <= anchors.amount_sek
    union all
    select
        walked.rule_id,
        walked.version,
        walked.store_from,
        walked.low_share,
        walked.high_share,
        walked.scaled_floor_sek,
        walked.window_length,
        walked.most_hops,
        walked.anchor_at,
        walked.anchor_date,
        walked.anchor_id,
        walked.last_sender_key,
        walked.last_receiver_key,
        walked.last_amount_sek,
        edges.sender_key as first_sender_key,
        edges.booked_at as first_at,
        edges.amount_sek as first_amount_sek,
        edges.transaction_id as first_id,
        greatest(walked.known_date, edges.business_date) as known_date,
        greatest(walked.last_load_id, edges._load_id) as last_load_id,
        walked.hops + 1 as hops,
        edges.transaction_id || ' ' || walked.ids as ids,
        walked.visited || edges.sender_key || ' ' as visited
    from walked
    inner join {{ ref('int_aml_edges__large') }} as edges
        on
            walked.first_sender_key = edges.receiver_key
            and walked.first_at > edges.booked_at
            and edges.booked_at >= walked.anchor_at - walked.window_length
            and walked.scaled_floor_sek <= edges.amount_sek
            and walked.first_amount_sek between
            edges.amount_sek * walked.low_share and edges.amount_sek * walked.high_share
    where
        walked.hops < walked.most_hops
        and walked.first_sender_key <> walked.last_receiver_key
        and position(' ' || edges.sender_key || ' ' in walked.visited) = 0
),

ranked as (
    select
        *,
        row_number() over (
            partition by version, last_receiver_key, anchor_date
            order by hops desc, first_amount_sek desc, anchor_at asc, ids asc
        ) as place
    from walked
    where
        hops >= store_from
        and first_sender_key = last_receiver_key
),

paths as (
    select
        ranked.*,
        hop_words.hop,
        hop_words.transaction_id as hop_id
    from ranked
    cross join lateral {{ numbered_words('ranked.ids') }} as hop_words (transaction_id, hop)
    where ranked.place = 1
),

described as (
    select
        rule_id,
        version,
        last_receiver_key as subject_key,
        anchor_date as alert_date,
        anchor_at as alert_at,
        anchor_id as transaction_id,
        first_id,
        first_at as window_start_at,
        known_date,
        last_load_id,
        hops,
        cast(hops as bigint) as transaction_count,
        cast(hops as bigint) as counterparty_count,
        first_amount_sek,
        last_amount_sek,
        {{ words_of_rows(evidence_word("'hop'", 'hop', 'hop_id'), 'hop') }} as evidence
    from paths
    group by
        rule_id,
        version,
        last_receiver_key,
        anchor_date,
        anchor_at,
        anchor_id,
        first_id,
        first_at,
        known_date,
        last_load_id,
        hops,
        first_amount_sek,
        last_amount_sek
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
    cast(hops as numeric(28, 6)) as value,
    cast(last_amount_sek as numeric(28, 6)) as amount_in_sek,
    cast(first_amount_sek as numeric(28, 6)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    {{ money_text('first_amount_sek') }} || ' SEK came back in ' || hops || ' hops after '
    || {{ duration_text('window_start_at', 'alert_at') }} || ', '
    || {{ money_text('last_amount_sek') }} || ' SEK of it ('
    || round(100 * last_amount_sek / first_amount_sek) || ' %)' as finding,
    cast('account_amount' as text) as measure,
    cast(first_amount_sek as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
