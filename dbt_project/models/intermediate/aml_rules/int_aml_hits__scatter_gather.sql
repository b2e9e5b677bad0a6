{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['scatter_gather'])) }}",
        "{{ reopen_windows('int_aml_edges__large', 'receiver', ['scatter_gather'], hops=2) }}"
    ]
) }}

-- One row per receiver and day on which money had come to it from one payer over several
-- intermediaries.

with rules as (
    {{ rules_and_limits(['scatter_gather']) }}
),

units as (
    select * from {{ reopened() }}
),

-- The payments are named where they are joined: a CTE that is read twice is put aside, all of
-- history of it, and without its indexes.
seconds as (
    select distinct
        edges.*,
        rules.rule_id,
        rules.version,
        rules.store_from,
        rules.window_length,
        rules.low_share,
        rules.high_share,
        -- Of one table, so that the index is entered at it.
        edges.booked_at - rules.window_length as earliest_at
    from units
    cross join rules
    inner join lateral (
        select of_account.*
        from {{ ref('int_aml_edges__large') }} as of_account
        where
            of_account.receiver_key = units.subject_key
            and of_account.booked_at >= units.day_from - rules.window_length
            and of_account.booked_at < units.day_to
        {{ evaluate_once() }}
    ) as edges on true
    where
        edges.booked_date between
        units.booked_date - cast(rules.window_minutes / 1440 as integer) and units.booked_date
        and edges.amount_sek >= rules.scaled_floor_sek
),

two_hops as (
    select
        seconds.rule_id,
        seconds.version,
        seconds.store_from,
        seconds.window_length,
        firsts.sender_key as payer_key,
        seconds.sender_key as intermediary_key,
        seconds.receiver_key,
        firsts.transaction_id as first_id,
        seconds.transaction_id as second_id,
        firsts.booked_at as first_at,
        seconds.booked_at as second_at,
        seconds.booked_date,
        firsts.amount_sek as first_amount_sek,
        seconds.amount_sek as second_amount_sek,
        greatest(firsts.business_date, seconds.business_date) as known_date,
        greatest(firsts._load_id, seconds._load_id) as last_load_id
    from seconds
    inner join {{ ref('int_aml_edges__large') }} as firsts
        on
            seconds.sender_key = firsts.receiver_key
            and seconds.booked_at > firsts.booked_at
            and seconds.earliest_at <= firsts.booked_at
            and seconds.amount_sek between
            firsts.amount_sek * seconds.low_share and firsts.amount_sek * seconds.high_share
    where firsts.sender_key <> seconds.receiver_key
),

-- Of nearly all payers and receivers there is one intermediary: they are left behind here, before
-- the payments of a pair are joined with each other.
pairs as (
    select
        version,
        payer_key,
        receiver_key
    from two_hops
    group by version, payer_key, receiver_key
    having count(distinct intermediary_key) >= min(store_from)
),

ways_of_pairs as (
    select two_hops.*
    from two_hops
    inner join pairs
        on
            two_hops.version = pairs.version
            and two_hops.payer_key = pairs.payer_key
            and two_hops.receiver_key = pairs.receiver_key
),

windows as (
    select
        anchors.rule_id,
        anchors.version,
        anchors.store_from,
        anchors.receiver_key,
        anchors.payer_key,
        anchors.second_at as anchor_at,
        anchors.booked_date as anchor_date,
        anchors.second_id as anchor_id,
        parts.intermediary_key,
        parts.first_id,
        parts.second_id,
        parts.first_at,
        parts.first_amount_sek,
        parts.second_amount_sek,
        parts.known_date,
        parts.last_load_id
    from units
    inner join ways_of_pairs as anchors
        on
            units.subject_key = anchors.receiver_key
            and units.booked_date = anchors.booked_date
    inner join ways_of_pairs as parts
        on
            anchors.version = parts.version
            and anchors.payer_key = parts.payer_key
            and anchors.receiver_key = parts.receiver_key
            and anchors.second_at >= parts.second_at
            and parts.first_at >= anchors.second_at - anchors.window_length
),

-- One way over each intermediary, the latest: two payments of it must not count twice.
ways as (
    select distinct
        windows.*,
        row_number() over (
            partition by
                windows.version,
                windows.anchor_id,
                windows.payer_key,
                windows.intermediary_key
            order by windows.first_at desc, windows.first_id asc, windows.second_id asc
        ) as way
    from windows
),

described as (
    select
        rule_id,
        version,
        receiver_key as subject_key,
        anchor_date as alert_date,
        anchor_at as alert_at,
        anchor_id as transaction_id,
        min(first_at) as window_start_at,
        max(known_date) as known_date,
        max(last_load_id) as last_load_id,
        2 * count(*) as transaction_count,
        count(*) as counterparty_count,
        sum(first_amount_sek) as first_amount_sek,
        sum(second_amount_sek) as second_amount_sek,
        {{ words_of_rows(
            evidence_word("'scatter'", '1', 'first_id') ~ " || ' ' || "
            ~ evidence_word("'gather'", '2', 'second_id'),
            'first_at, first_id'
        ) }} as evidence,
        row_number() over (
            partition by version, receiver_key, anchor_date
            order by count(*) desc, anchor_at asc, anchor_id asc, payer_key asc
        ) as place
    from ways
    where way = 1
    group by
        rule_id,
        version,
        store_from,
        receiver_key,
        payer_key,
        anchor_date,
        anchor_at,
        anchor_id
    having count(*) >= store_from
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
    cast(counterparty_count as numeric(28, 6)) as value,
    cast(second_amount_sek as numeric(28, 6)) as amount_in_sek,
    cast(0 as numeric(28, 6)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    {{ money_text('first_amount_sek') }} || ' SEK of one payer came over ' || counterparty_count
    || ' intermediaries within ' || {{ duration_text('window_start_at', 'alert_at') }} || ', '
    || {{ money_text('second_amount_sek') }} || ' SEK of it ('
    || round(100 * second_amount_sek / first_amount_sek) || ' %)' as finding,
    cast('account_amount' as text) as measure,
    cast(second_amount_sek as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
where place = 1
