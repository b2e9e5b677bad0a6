{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['smurfing'])) }}",
        "{{ reopen_windows('int_aml_edges__small_foreign', 'receiver', ['smurfing']) }}"
    ]
) }}

-- One row per receiver and day with small payments from unusually many senders and countries
-- abroad, where these are a good part of all that it received.

with rules as (
    {{ rules_and_limits(['smurfing']) }}
),

units as (
    select * from {{ reopened() }}
),

-- The payments are named where they are joined: a CTE that is read twice is put aside, all of
-- history of it, and without its indexes.
anchors as (
    select payments.*
    from units
    inner join {{ ref('int_aml_edges__small_foreign') }} as payments
        on
            units.subject_key = payments.receiver_key
            and units.booked_date = payments.booked_date
),

-- Every anchor with all that stands in its window, itself included.
windows as (
    select
        rules.rule_id,
        rules.version,
        rules.store_from,
        rules.low_share,
        rules.companion_threshold,
        anchors.receiver_key,
        anchors.booked_at as anchor_at,
        anchors.booked_date as anchor_date,
        anchors.transaction_id as anchor_id,
        payments.transaction_id,
        payments.booked_at,
        payments.business_date,
        payments.sender_key,
        payments.sender_country,
        payments.amount_sek,
        payments._load_id,
        -- Of the delivery under way what came in so far, of the others all that they brought.
        case
            when payments._load_id = anchors._load_id then anchors.received_count
            else payments.received_in_load_count
        end as received_count
    from rules
    cross join anchors
    inner join {{ ref('int_aml_edges__small_foreign') }} as payments
        on
            anchors.receiver_key = payments.receiver_key
            and payments.booked_at between
            anchors.booked_at - rules.window_length and anchors.booked_at
),

deliveries as (
    select
        version,
        anchor_id,
        low_share,
        _load_id,
        count(*) as transaction_count,
        max(received_count) as received_count
    from windows
    group by version, anchor_id, low_share, _load_id
),

-- Of nearly all accounts small payments from abroad are a small part: they are left behind here,
-- before senders are told apart and evidence is written down.
received as (
    select
        version,
        anchor_id,
        sum(received_count) as received_count
    from deliveries
    group by version, anchor_id, low_share
    having sum(transaction_count) >= low_share * sum(received_count)
),

described as (
    select
        windows.rule_id,
        windows.version,
        windows.receiver_key as subject_key,
        windows.anchor_date as alert_date,
        windows.anchor_at as alert_at,
        windows.anchor_id as transaction_id,
        min(windows.booked_at) as window_start_at,
        max(windows.business_date) as known_date,
        max(windows._load_id) as last_load_id,
        count(*) as transaction_count,
        count(distinct windows.sender_key) as counterparty_count,
        count(distinct windows.sender_country) as country_count,
        sum(windows.amount_sek) as amount_in_sek,
        max(received.received_count) as received_count,
        {{ words_of_rows(
            evidence_word("'in'", '1', 'windows.transaction_id'),
            'windows.booked_at, windows.transaction_id'
        ) }} as evidence,
        row_number() over (
            partition by windows.version, windows.receiver_key, windows.anchor_date
            order by
                count(distinct windows.sender_key) desc,
                windows.anchor_at asc,
                windows.anchor_id asc
        ) as place
    from windows
    inner join received
        on
            windows.version = received.version
            and windows.anchor_id = received.anchor_id
    group by
        windows.rule_id,
        windows.version,
        windows.receiver_key,
        windows.anchor_date,
        windows.anchor_at,
        windows.anchor_id,
        windows.store_from,
        windows.companion_threshold
    having
        count(distinct windows.sender_key) >= windows.store_from
        and count(distinct windows.sender_country) >= windows.companion_threshold
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
    cast(amount_in_sek as numeric(28, 6)) as amount_in_sek,
    cast(0 as numeric(28, 6)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    transaction_count || ' small payments from ' || counterparty_count || ' senders in '
    || country_count || ' countries within ' || {{ duration_text('window_start_at', 'alert_at') }}
    || ', ' || {{ money_text('amount_in_sek') }} || ' SEK in all, of ' || received_count
    || ' payments received' as finding,
    cast('account_count' as text) as measure,
    cast(transaction_count as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
where place = 1
