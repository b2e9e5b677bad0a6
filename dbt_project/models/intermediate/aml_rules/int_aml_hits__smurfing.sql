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
            {{ is_of_units('payments', 'receiver_key') }}
),

-- Of nearly all accounts small payments from abroad are a small part of what they received: they
-- are left behind here, before senders are told apart and evidence is written down.
received as (
    select
        rules.rule_id,
        rules.version,
        rules.store_from,
        rules.companion_threshold,
        anchors.receiver_key,
        anchors.booked_at as anchor_at,
        anchors.booked_date as anchor_date,
        anchors.transaction_id as anchor_id,
        of_window.received_count,
        anchors.booked_at - rules.window_length as earliest_at
    from rules
    cross join anchors
    inner join lateral (
        -- Delivery by delivery, and of all of them together the same in each row.
        select
            sum(count(*)) over () as transaction_count,
            -- Of the delivery under way what came in so far, of the others all that they brought.
            sum(
                case payments._load_id
                    when anchors._load_id then anchors.received_count
                    else max(payments.received_in_load_count)
                end
            ) over () as received_count
        from {{ ref('int_aml_edges__small_foreign') }} as payments
        where
            payments.receiver_key = anchors.receiver_key
            and payments.booked_at between
            anchors.booked_at - rules.window_length and anchors.booked_at
        group by payments._load_id
        order by payments._load_id
        limit 1
    ) as of_window on true
    where of_window.transaction_count >= rules.low_share * of_window.received_count
),

-- What is left, with all that stands in its window, the completing payment included.
windows as (
    select
        received.rule_id,
        received.version,
        received.store_from,
        received.companion_threshold,
        received.receiver_key,
        received.anchor_at,
        received.anchor_date,
        received.anchor_id,
        received.received_count,
        payments.transaction_id,
        payments.booked_at,
        payments.business_date,
        payments.sender_key,
        payments.sender_country,
        payments.amount_sek,
        payments._load_id
    from received
    inner join {{ ref('int_aml_edges__small_foreign') }} as payments
        on
            received.receiver_key = payments.receiver_key
            and payments.booked_at between received.earliest_at and received.anchor_at
),

described as (
    select
        rule_id,
        version,
        receiver_key as subject_key,
        anchor_date as alert_date,
        anchor_at as alert_at,
        anchor_id as transaction_id,
        min(booked_at) as window_start_at,
        max(business_date) as known_date,
        max(_load_id) as last_load_id,
        count(*) as transaction_count,
        count(distinct sender_key) as counterparty_count,
        count(distinct sender_country) as country_count,
        sum(amount_sek) as amount_in_sek,
        max(received_count) as received_count,
        {{ words_of_rows(
            evidence_word("'in'", '1', 'transaction_id'), 'booked_at, transaction_id'
        ) }} as evidence,
        row_number() over (
            partition by version, receiver_key, anchor_date
            order by
                count(distinct sender_key) desc,
                anchor_at asc,
                anchor_id asc
        ) as place
    from windows
    group by
        rule_id,
        version,
        receiver_key,
        anchor_date,
        anchor_at,
        anchor_id,
        store_from,
        companion_threshold
    having
        count(distinct sender_key) >= store_from
        and count(distinct sender_country) >= companion_threshold
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
