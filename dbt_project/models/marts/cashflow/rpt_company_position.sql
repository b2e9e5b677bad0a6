{{ config(materialized='view', post_hook="{{ create_company_position() }}") }}

-- Grain: one row per company, kind of window and its first day: what the company holds, owes and
-- has moved, and what was left out as dirty. A view, so that a late line restates every window at
-- the cost of its days; ask it for a company. For any other window: marts.company_position().

with companies as (
    select company_id from {{ ref('dim_company') }}
),

-- The index gives both without reading the table.
calendar as (
    select
        min(movement_date) as first_date,
        max(movement_date) as last_date,
        max(movement_date) - min(movement_date) as day_count
    from {{ ref('fct_company_movements_daily') }}
),

kinds as (
    select
        kinds.window_kind,
        kinds.unit,
        cast(kinds.length as interval) as length
    from (
        values
        ('day', 'day', '1 day'),
        ('iso_week', 'week', '7 days'),
        ('month', 'month', '1 month'),
        ('quarter', 'quarter', '3 months'),
        ('year', 'year', '1 year')
    ) as kinds (window_kind, unit, length)
),

windows as (
    select distinct
        kinds.window_kind,
        cast(date_trunc(kinds.unit, calendar.first_date + steps.step) as date) as from_date,
        cast(
            date_trunc(kinds.unit, calendar.first_date + steps.step)
            + kinds.length as date
        ) as to_date
    from calendar
    cross join lateral {{ series(0, 'calendar.day_count') }} as steps (step)
    cross join kinds
)

select
    companies.company_id,
    windows.window_kind,
    windows.from_date,
    windows.to_date,
    positions.company_name,
    positions.cash_mode,
    positions.opening_amount_eur,
    positions.credit_amount_eur,
    positions.debit_amount_eur,
    positions.balance_amount_eur,
    positions.over_committed_amount_eur,
    positions.under_committed_amount_eur,
    positions.opening_amount_usd,
    positions.credit_amount_usd,
    positions.debit_amount_usd,
    positions.balance_amount_usd,
    positions.over_committed_amount_usd,
    positions.under_committed_amount_usd,
    positions.credit_count,
    positions.debit_count,
    positions.counterparty_countries,
    positions.excluded_lines
from companies
cross join windows
cross join lateral (
    {{ company_position_query('companies.company_id', 'windows.from_date', 'windows.to_date') }}
) as positions
