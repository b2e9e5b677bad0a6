{{ config(materialized='view') }}

-- Grain: one row per company and day, from the first day on which any company moved to the last. A
-- day without movement carries the balance forward. A view over the days with movement, so that a
-- late line restates all later days without writing any of them.

with companies as (
    select * from {{ ref('dim_company') }}
),

moved_days as (
    select
        company_id,
        movement_date,
        sum(credit_amount_eur) as credit_amount_eur,
        sum(debit_amount_eur) as debit_amount_eur,
        sum(credit_amount_usd) as credit_amount_usd,
        sum(debit_amount_usd) as debit_amount_usd
    from {{ ref('fct_company_movements_daily') }}
    group by company_id, movement_date
),

calendar as (
    select
        min(movement_date) as first_date,
        max(movement_date) as last_date,
        max(movement_date) - min(movement_date) as day_count
    from {{ ref('fct_company_movements_daily') }}
),

days as (
    select calendar.first_date + steps.step as balance_date
    from calendar
    cross join lateral {{ series(0, 'calendar.day_count') }} as steps (step)
),

company_days as (
    select
        companies.company_id,
        days.balance_date,
        companies.opening_balance_amount_eur,
        companies.opening_balance_amount_usd,
        coalesce(moved_days.credit_amount_eur, 0) as credit_amount_eur,
        coalesce(moved_days.debit_amount_eur, 0) as debit_amount_eur,
        coalesce(moved_days.credit_amount_usd, 0) as credit_amount_usd,
        coalesce(moved_days.debit_amount_usd, 0) as debit_amount_usd
    from companies
    cross join days
    left join moved_days
        on
            companies.company_id = moved_days.company_id
            and days.balance_date = moved_days.movement_date
),

balanced as (
    select
        *,
        opening_balance_amount_eur
        + sum(credit_amount_eur - debit_amount_eur) over days_so_far as closing_amount_eur,
        opening_balance_amount_usd
        + sum(credit_amount_usd - debit_amount_usd) over days_so_far as closing_amount_usd
    from company_days
    window days_so_far as (
        partition by company_id
        order by balance_date
    )
)

select
    company_id,
    balance_date,
    cast(closing_amount_eur - credit_amount_eur + debit_amount_eur as numeric(22, 2))
        as opening_amount_eur,
    cast(credit_amount_eur as numeric(22, 2)) as credit_amount_eur,
    cast(debit_amount_eur as numeric(22, 2)) as debit_amount_eur,
    cast(closing_amount_eur as numeric(22, 2)) as closing_amount_eur,
    cast(closing_amount_usd - credit_amount_usd + debit_amount_usd as numeric(22, 2))
        as opening_amount_usd,
    cast(credit_amount_usd as numeric(22, 2)) as credit_amount_usd,
    cast(debit_amount_usd as numeric(22, 2)) as debit_amount_usd,
    cast(closing_amount_usd as numeric(22, 2)) as closing_amount_usd,
    cast('{{ cash_mode() }}' as text) as cash_mode
from balanced
