{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['fan_in', 'fan_out'])) }}",
        "{{ reopen_days_of_accounts('account_count', days=30) }}"
    ],
    post_hook="{{ record_days_of_accounts(has_months=true) }}"
) }}

-- One row per direction, account and day with many different counterparties, held against the
-- account's own month. Only days on which the account was busier than most accounts are looked at.

with rules as (
    select
        *,
        case rule_id when 'fan_in' then 'in' else 'out' end as leg
    from {{ ref('aml_rules') }}
    where
        rule_id in ('fan_in', 'fan_out')
        and status <> 'draft'
),

units as (
    select distinct
        heavy_days.account_key as subject_key,
        heavy_days.own_account,
        heavy_days.movement_date
    from {{ reopened() }} as reopened_days
    inner join {{ ref('int_aml_account_days__heavy') }} as heavy_days
        on
            reopened_days.account_key = heavy_days.account_key
            and reopened_days.movement_date = heavy_days.movement_date
    where heavy_days.measure = 'account_count'
),

-- Which deliveries have payments of the account's day. Looked up account by account, as all below.
deliveries as (
    select
        units.subject_key,
        units.movement_date,
        movements._load_id,
        movements.incoming_count,
        movements.outgoing_count
    from units
    inner join lateral (
        select of_day.*
        from {{ ref('fct_account_movements') }} as of_day
        where
            of_day.own_account = units.own_account
            and of_day.movement_date = units.movement_date
        {{ evaluate_once() }}
    ) as movements on true
),

first_days as (
    select {{ first_bank_day() }} as first_day
),

-- In and out of the month before, a day. In the bank's first month that is as many days as there
-- are: by thirty of them every account would be far busier than usual. Its first day has no month.
own_months as (
    select
        units.subject_key,
        units.movement_date,
        coalesce(movements.incoming_count, 0)
        / cast(least(30, units.movement_date - first_days.first_day) as numeric) as daily_in_count,
        coalesce(movements.outgoing_count, 0)
        / cast(least(30, units.movement_date - first_days.first_day) as numeric) as daily_out_count
    from units
    inner join first_days
        on units.movement_date > first_days.first_day
    inner join lateral (
        select
            sum(of_month.incoming_count) as incoming_count,
            sum(of_month.outgoing_count) as outgoing_count
        from {{ ref('fct_account_movements') }} as of_month
        where
            of_month.own_account = units.own_account
            and of_month.movement_date between units.movement_date - 30 and units.movement_date - 1
        {{ evaluate_once() }}
    ) as movements on true
),

days as (
    select
        subject_key,
        movement_date,
        sum(incoming_count) as incoming_count,
        sum(outgoing_count) as outgoing_count
    from deliveries
    group by subject_key, movement_date
),

-- An account has no more counterparties than payments: where these are too few, no payment is read.
crowded as (
    select distinct
        days.subject_key,
        days.movement_date,
        rules.leg,
        case rules.leg when 'in' then own_months.daily_in_count else own_months.daily_out_count end
            as usual_count
    from days
    inner join own_months
        on
            days.subject_key = own_months.subject_key
            and days.movement_date = own_months.movement_date
    inner join rules
        on case rules.leg
            when 'in'
                then
                    days.incoming_count >= rules.store_from
                    and days.incoming_count
                    >= rules.companion_threshold * own_months.daily_in_count
            else
                days.outgoing_count >= rules.store_from
                and days.outgoing_count >= rules.companion_threshold * own_months.daily_out_count
        end
),

legs as (
    select
        crowded.subject_key,
        crowded.movement_date,
        crowded.leg,
        crowded.usual_count,
        edges.sender_key as counterparty_key,
        edges.transaction_id,
        edges.booked_at,
        edges.business_date,
        edges.amount_sek,
        edges._load_id
    from crowded
    inner join deliveries
        on
            crowded.subject_key = deliveries.subject_key
            and crowded.movement_date = deliveries.movement_date
    inner join lateral (
        select of_account.*
        from {{ ref('int_aml_edges__keyed') }} as of_account
        where
            of_account._load_id = deliveries._load_id
            and of_account.booked_date = deliveries.movement_date
            and of_account.receiver_key = deliveries.subject_key
        {{ evaluate_once() }}
    ) as edges on true
    where
        crowded.leg = 'in'
        and edges.sender_key <> edges.receiver_key
    union all
    select
        crowded.subject_key,
        crowded.movement_date,
        crowded.leg,
        crowded.usual_count,
        edges.receiver_key as counterparty_key,
        edges.transaction_id,
        edges.booked_at,
        edges.business_date,
        edges.amount_sek,
        edges._load_id
    from crowded
    inner join deliveries
        on
            crowded.subject_key = deliveries.subject_key
            and crowded.movement_date = deliveries.movement_date
    inner join lateral (
        select of_account.*
        from {{ ref('int_aml_edges__keyed') }} as of_account
        where
            of_account._load_id = deliveries._load_id
            and of_account.booked_date = deliveries.movement_date
            and of_account.sender_key = deliveries.subject_key
        {{ evaluate_once() }}
    ) as edges on true
    where
        crowded.leg = 'out'
        and edges.sender_key <> edges.receiver_key
),

counted as (
    select
        subject_key,
        movement_date,
        movement_date as alert_date,
        leg,
        usual_count,
        max(booked_at) as alert_at,
        min(booked_at) as window_start_at,
        max(business_date) as known_date,
        max(_load_id) as last_load_id,
        count(*) as transaction_count,
        count(distinct counterparty_key) as counterparty_count,
        coalesce(sum(amount_sek), 0) as amount_sek,
        {{ words_of_rows(
            evidence_word('leg', '1', 'transaction_id'), 'booked_at, transaction_id'
        ) }} as evidence
    from legs
    group by subject_key, movement_date, leg, usual_count
),

described as (
    select
        counted.*,
        rules.rule_id,
        rules.version
    from counted
    inner join rules
        on
            counted.leg = rules.leg
            and counted.counterparty_count >= rules.store_from
            and counted.counterparty_count >= rules.companion_threshold * counted.usual_count
)

select
    rule_id,
    version,
    subject_key,
    alert_date,
    cast('day' as text) as anchor,
    known_date,
    alert_at,
    cast(right(evidence, 36) as uuid) as transaction_id,
    window_start_at,
    cast(counterparty_count as numeric(28, 6)) as value,
    cast(case leg when 'in' then amount_sek else 0 end as numeric(28, 6)) as amount_in_sek,
    cast(case leg when 'out' then amount_sek else 0 end as numeric(28, 6)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    counterparty_count || case leg when 'in' then ' payers' else ' payees' end
    || ' on a day, where ' || {{ number_text('usual_count') }} || ' payments are usual for it, '
    || {{ money_text('amount_sek') }} || ' SEK in all' as finding,
    cast('account_count' as text) as measure,
    cast(transaction_count as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
