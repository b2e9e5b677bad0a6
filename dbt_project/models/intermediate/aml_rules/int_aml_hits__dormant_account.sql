{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(
            settings_of_rules(['dormant_reactivated'])
        ) }}",
        "{{ reopen_days_of_accounts('account_amount') }}"
    ],
    post_hook="{{ record_days_of_accounts() }}"
) }}

-- One row per account and day on which an account that was silent for months moved more than nearly
-- all accounts do.

with rules as (
    select
        *,
        store_from * {{ var('aml_floor_scale') }} as scaled_store_from,
        cast(window_minutes / 1440 as integer) as window_days
    from {{ ref('aml_rules') }}
    where
        rule_id = 'dormant_reactivated'
        and status <> 'draft'
),

-- Heavy days first, which are few; their movements are looked up account by account.
units as (
    select
        heavy_days.account_key,
        heavy_days.own_account,
        heavy_days.movement_date,
        max(heavy_days.usual_limit) as usual_limit,
        max(heavy_days._load_id) as last_load_id
    from {{ reopened() }} as reopened_days
    inner join {{ ref('int_aml_account_days__heavy') }} as heavy_days
        on
            reopened_days.account_key = heavy_days.account_key
            and reopened_days.movement_date = heavy_days.movement_date
    where heavy_days.measure = 'account_amount'
    group by heavy_days.account_key, heavy_days.own_account, heavy_days.movement_date
),

days as (
    select
        units.*,
        movements.amount_in_sek,
        movements.amount_out_sek,
        movements.transaction_count,
        greatest(movements.amount_in_sek, movements.amount_out_sek) as value
    from units
    inner join lateral (
        select
            sum(of_day.incoming_amount_sek) as amount_in_sek,
            sum(of_day.outgoing_amount_sek) as amount_out_sek,
            sum(of_day.incoming_count + of_day.outgoing_count) as transaction_count
        from {{ ref('fct_account_movements') }} as of_day
        where
            of_day.own_account = units.own_account
            and of_day.movement_date = units.movement_date
        {{ evaluate_once() }}
    ) as movements on true
),

found as (
    select
        days.*,
        rules.rule_id,
        rules.version,
        earlier_days.last_date
    from days
    inner join rules
        on days.value >= rules.scaled_store_from
    inner join lateral (
        select max(earlier.movement_date) as last_date
        from {{ ref('fct_account_movements') }} as earlier
        where
            earlier.own_account = days.own_account
            and earlier.movement_date < days.movement_date
        {{ evaluate_once() }}
    ) as earlier_days on true
    where days.movement_date - earlier_days.last_date >= rules.window_days
),

payments as (
    select
        found.rule_id,
        found.version,
        found.account_key as subject_key,
        found.movement_date,
        edges.transaction_id,
        edges.booked_at,
        edges.business_date,
        case edges.sender_key when found.account_key then 'out' else 'in' end as leg,
        case edges.sender_key
            when found.account_key
                then edges.receiver_key
            else edges.sender_key
        end as counterparty_key
    from found
    inner join lateral (
        select distinct of_day._load_id
        from {{ ref('fct_account_movements') }} as of_day
        where
            of_day.own_account = found.own_account
            and of_day.movement_date = found.movement_date
        {{ evaluate_once() }}
    ) as movements on true
    inner join lateral (
        select of_account.*
        from {{ ref('int_aml_edges__keyed') }} as of_account
        where
            of_account._load_id = movements._load_id
            and of_account.booked_date = found.movement_date
            and (
                of_account.sender_key = found.account_key
                or of_account.receiver_key = found.account_key
            )
        {{ evaluate_once() }}
    ) as edges on true
),

evidence as (
    select
        rule_id,
        version,
        subject_key,
        movement_date,
        min(booked_at) as window_start_at,
        max(booked_at) as alert_at,
        max(business_date) as known_date,
        count(distinct counterparty_key) as counterparty_count,
        {{ words_of_rows(
            evidence_word('leg', '1', 'transaction_id'), 'booked_at, transaction_id'
        ) }} as evidence
    from payments
    group by rule_id, version, subject_key, movement_date
),

described as (
    select
        found.*,
        evidence.window_start_at,
        evidence.alert_at,
        evidence.known_date,
        evidence.counterparty_count,
        evidence.evidence,
        cast(
            right(evidence.evidence, 36) as uuid
        ) as transaction_id
    from found
    inner join evidence
        on
            found.rule_id = evidence.rule_id
            and found.version = evidence.version
            and found.account_key = evidence.subject_key
            and found.movement_date = evidence.movement_date
)

select
    rule_id,
    version,
    account_key as subject_key,
    movement_date as alert_date,
    cast('day' as text) as anchor,
    known_date,
    alert_at,
    transaction_id,
    window_start_at,
    cast(value as numeric(28, 6)) as value,
    cast(amount_in_sek as numeric(28, 6)) as amount_in_sek,
    cast(amount_out_sek as numeric(28, 6)) as amount_out_sek,
    cast(transaction_count as bigint) as transaction_count,
    counterparty_count,
    {{ money_text('value') }} || ' SEK on a day, '
    || 'after ' || (movement_date - last_date) || ' days without a payment'
    || '; {{ var('aml_heavy_day_percentile') }} of 100 accounts move less than '
    || {{ money_text('usual_limit') }} as finding,
    cast('account_amount' as text) as measure,
    cast(value as numeric(28, 6)) as quantity,
    evidence,
    cast(account_key as text) as thread,
    last_load_id as _load_id
from described
