{{ config(
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}]
) }}

-- One row per measure, account and day on which an account that is new moved more money, or made or
-- received more payments, than nearly all accounts do. Made anew: few accounts are new, and an
-- earlier register may make any of them older.

with rules as (
    {{ rules_about_days('new_account_in_heavy_use', 'new_account_busy') }}
),

heavy_days as (
    select
        own_account,
        movement_date,
        measure,
        max(heavy_limit) as heavy_limit,
        max(_load_id) as last_load_id
    from {{ ref('int_aml_account_days__heavy') }}
    where is_heavy
    group by own_account, movement_date, measure
),

accounts as (
    select * from {{ ref('int_aml_accounts__keyed') }}
),

first_register as (
    select min(first_listed_date) as listed_date from accounts
),

units as (
    select
        rules.rule_id,
        rules.version,
        rules.scaled_store_from,
        heavy_days.own_account,
        heavy_days.movement_date,
        heavy_days.measure,
        heavy_days.heavy_limit,
        heavy_days.last_load_id,
        accounts.account_key,
        accounts.first_listed_date
    from rules
    cross join first_register
    inner join accounts
        on first_register.listed_date < accounts.first_listed_date
    inner join heavy_days
        on
            accounts.account = heavy_days.own_account
            and rules.measure = heavy_days.measure
            and heavy_days.movement_date - accounts.first_listed_date
            between 0 and rules.window_days
),

days as (
    {{ days_of_units() }}
),

found as (
    select * from days
    where value >= scaled_store_from
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
    || ', ' || movement_date - first_listed_date || ' days after the account was first listed'
    || {{ heavy_limit_text('measure', 'heavy_limit') }} as finding,
    measure,
    cast(value as numeric(28, 6)) as quantity,
    evidence,
    cast(account_key as text) as thread,
    last_load_id as _load_id
from described
