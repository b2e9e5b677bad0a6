{{ config(
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}]
) }}

-- One row per account and day on which an account that is new moved more than nearly all accounts
-- do. Made anew: few accounts are new, and an earlier register may make any of them older.

with rules as (
    select
        *,
        store_from * {{ var('aml_floor_scale') }} as scaled_store_from,
        cast(window_minutes / 1440 as integer) as window_days
    from {{ ref('aml_rules') }}
    where
        rule_id = 'new_account_in_heavy_use'
        and status <> 'draft'
),

heavy_days as (
    select
        own_account,
        movement_date,
        max(usual_limit) as usual_limit,
        max(_load_id) as last_load_id
    from {{ ref('int_aml_account_days__heavy') }}
    where measure = 'account_amount'
    group by own_account, movement_date
),

accounts as (
    select * from {{ ref('int_aml_accounts__keyed') }}
),

first_register as (
    select min(first_listed_date) as listed_date from accounts
),

units as (
    select distinct
        rules.rule_id,
        rules.version,
        heavy_days.own_account,
        heavy_days.movement_date,
        accounts.account_key,
        accounts.first_listed_date
    from rules
    cross join first_register
    inner join accounts
        on first_register.listed_date < accounts.first_listed_date
    inner join heavy_days
        on
            accounts.account = heavy_days.own_account
            and heavy_days.movement_date - accounts.first_listed_date
            between 0 and rules.window_days
),

days as (
    select
        units.rule_id,
        units.version,
        units.own_account,
        units.movement_date,
        units.account_key,
        units.first_listed_date,
        movements.amount_in_sek,
        movements.amount_out_sek,
        movements.transaction_count
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
        heavy_days.usual_limit,
        heavy_days.last_load_id,
        greatest(days.amount_in_sek, days.amount_out_sek) as value
    from days
    inner join rules
        on
            days.version = rules.version
            and greatest(days.amount_in_sek, days.amount_out_sek) >= rules.scaled_store_from
    inner join heavy_days
        on
            days.own_account = heavy_days.own_account
            and days.movement_date = heavy_days.movement_date
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
    || movement_date - first_listed_date || ' days after the account was first listed'
    || '; {{ var('aml_heavy_day_percentile') }} of 100 accounts move less than '
    || {{ money_text('usual_limit') }} as finding,
    cast('account_amount' as text) as measure,
    cast(value as numeric(28, 6)) as quantity,
    evidence,
    cast(account_key as text) as thread,
    last_load_id as _load_id
from described
