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

{{ evidence_of_days() }}

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
