{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(
            settings_of_rules(['dormant_reactivated', 'dormant_busy'])
        ) }}",
        "{{ reopen_days_of_accounts() }}"
    ],
    post_hook="{{ record_days_of_accounts() }}"
) }}

-- One row per measure, account and day on which an account that was silent for months moved more
-- money, or made or received more payments, than nearly all accounts do.

with rules as (
    {{ rules_about_days('dormant_reactivated', 'dormant_busy') }}
),

-- Heavy days first, which are few; their movements are looked up account by account.
units as (
    select
        heavy_days.account_key,
        heavy_days.own_account,
        heavy_days.movement_date,
        heavy_days.measure,
        max(heavy_days.heavy_limit) as heavy_limit,
        max(heavy_days._load_id) as last_load_id
    from {{ reopened() }} as reopened_days
    inner join {{ ref('int_aml_account_days__heavy') }} as heavy_days
        on
            reopened_days.account_key = heavy_days.account_key
            and reopened_days.movement_date = heavy_days.movement_date
    where heavy_days.is_heavy
    group by
        heavy_days.account_key,
        heavy_days.own_account,
        heavy_days.movement_date,
        heavy_days.measure
),

days as (
    {{ days_of_units() }}
),

found as (
    select
        days.*,
        rules.rule_id,
        rules.version,
        earlier_days.last_date
    from days
    inner join rules
        on
            days.measure = rules.measure
            and days.value >= rules.scaled_store_from
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
    {{ account_day_text('measure', 'value') }}
    || ', after ' || (movement_date - last_date) || ' days without a payment'
    || {{ heavy_limit_text('measure', 'heavy_limit') }} as finding,
    measure,
    cast(value as numeric(28, 6)) as quantity,
    evidence,
    cast(account_key as text) as thread,
    last_load_id as _load_id
from described
