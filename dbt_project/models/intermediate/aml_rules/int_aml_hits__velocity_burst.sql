{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['velocity_burst'])) }}",
        "{{ reopen_windows('int_aml_edges__dense', 'sender', ['velocity_burst']) }}"
    ]
) }}

-- One row per sender and day on which it paid unusually many different receivers within minutes.

with rules as (
    select * from {{ ref('aml_rules') }}
    where
        rule_id = 'velocity_burst'
        and status <> 'draft'
),

units as (
    select * from {{ reopened() }}
),

payments as (
    select distinct edges.*
    from units
    inner join {{ ref('int_aml_edges__dense') }} as edges
        on
            units.subject_key = edges.sender_key
            and edges.booked_date between units.booked_date - 1 and units.booked_date
            and units.day_from - interval '1 day' <= edges.booked_at
            and units.day_to > edges.booked_at
),

-- A receiver counts from its payment until the window has passed, or it is paid again.
counted_spans as (
    select
        rules.rule_id,
        rules.version,
        rules.window_minutes,
        rules.store_from,
        payments.transaction_id,
        payments.sender_key,
        payments.booked_date,
        payments.booked_at,
        least(
            lead(payments.booked_at) over (
                partition by rules.version, payments.sender_key, payments.receiver_key
                order by payments.booked_at, payments.transaction_id
            ),
            payments.booked_at
            + rules.window_minutes * interval '1 minute'
            + interval '1 microsecond'
        ) as counts_until
    from payments
    cross join rules
),

events as (
    select
        rule_id,
        version,
        window_minutes,
        store_from,
        transaction_id,
        sender_key,
        booked_date,
        booked_at as event_at,
        1 as step
    from counted_spans
    union all
    select
        rule_id,
        version,
        window_minutes,
        store_from,
        cast(null as uuid) as transaction_id,
        sender_key,
        cast(null as date) as booked_date,
        counts_until as event_at,
        -1 as step
    from counted_spans
),

counted as (
    select
        *,
        sum(step) over (
            partition by version, sender_key
            order by event_at
        ) as receiver_count
    from events
),

ranked as (
    select
        counted.*,
        row_number() over (
            partition by counted.version, counted.sender_key, counted.booked_date
            order by counted.receiver_count desc, counted.event_at asc, counted.transaction_id asc
        ) as place
    from counted
    inner join units
        on
            counted.sender_key = units.subject_key
            and counted.booked_date = units.booked_date
    where
        counted.step = 1
        and counted.receiver_count >= counted.store_from
),

described as (
    select
        ranked.rule_id,
        ranked.version,
        ranked.sender_key as subject_key,
        ranked.booked_date as alert_date,
        ranked.event_at as alert_at,
        ranked.transaction_id,
        ranked.receiver_count,
        ranked.window_minutes,
        min(payments.booked_at) as window_start_at,
        count(*) as transaction_count,
        count(distinct payments.receiver_key) as counterparty_count,
        sum(payments.amount_sek) as amount_out_sek,
        max(payments._load_id) as last_load_id,
        max(payments.business_date) as known_date,
        {{ words_of_rows(
            evidence_word("'out'", '1', 'payments.transaction_id'),
            'payments.booked_at, payments.transaction_id'
        ) }} as evidence
    from ranked
    inner join payments
        on
            ranked.sender_key = payments.sender_key
            and payments.booked_at between
            ranked.event_at - ranked.window_minutes * interval '1 minute' and ranked.event_at
    where ranked.place = 1
    group by
        ranked.rule_id,
        ranked.version,
        ranked.sender_key,
        ranked.booked_date,
        ranked.event_at,
        ranked.transaction_id,
        ranked.receiver_count,
        ranked.window_minutes
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
    cast(receiver_count as numeric(28, 6)) as value,
    cast(0 as numeric(28, 6)) as amount_in_sek,
    cast(amount_out_sek as numeric(28, 6)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    transaction_count || ' payments to ' || counterparty_count || ' different receivers within '
    || {{ duration_text('window_start_at', 'alert_at') }} || ', '
    || {{ money_text('amount_out_sek') }} || ' SEK in all' as finding,
    cast('account_count' as text) as measure,
    cast(transaction_count as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
