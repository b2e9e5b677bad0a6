{{ config(materialized='view') }}

-- Grain: one row per company and day to come. A projection, not a balance: each weekday moves as it
-- did on average in the last weeks. Beside it stands how wrong the same projection would have been
-- from earlier days, so many days ahead, and how wrong it would have been to assume that nothing
-- moves. In EUR.

with companies as (
    select * from {{ ref('dim_company') }}
),

days as (
    select * from {{ ref('fct_company_movements_daily') }}
),

moved_days as (
    select
        company_id,
        movement_date,
        sum(credit_amount_eur - debit_amount_eur) as net_amount
    from {{ ref('fct_company_movements_daily') }}
    group by company_id, movement_date
),

calendar as (
    select
        min(movement_date) as first_date,
        max(movement_date) as last_date
    from {{ ref('fct_company_movements_daily') }}
),

-- The first origin is the last day with payments; the others lie behind it, for the test.
origins as (
    select
        numbers.number as origin_number,
        calendar.last_date - numbers.number * {{ var('cashflow_projection_days') }} as origin_date
    from calendar
    cross join lateral {{ series(0, var('cashflow_projection_backtests')) }} as numbers (number)
    where
        numbers.number = 0
        or calendar.last_date
        - numbers.number * {{ var('cashflow_projection_days') }}
        - {{ var('cashflow_projection_history_days') }} >= calendar.first_date - 1
),

rhythm as (
    select
        moved_days.company_id,
        origins.origin_number,
        extract(isodow from moved_days.movement_date) as weekday,
        sum(moved_days.net_amount) * 7 / {{ var('cashflow_projection_history_days') }}
            as mean_amount
    from origins
    inner join moved_days
        on
            origins.origin_date >= moved_days.movement_date
            and origins.origin_date - {{ var('cashflow_projection_history_days') }}
            < moved_days.movement_date
    group by
        moved_days.company_id,
        origins.origin_number,
        extract(isodow from moved_days.movement_date)
),

steps as (
    select
        companies.company_id,
        origins.origin_number,
        numbers.number as days_ahead,
        origins.origin_date + numbers.number as projected_date
    from companies
    cross join origins
    cross join lateral {{ series(1, var('cashflow_projection_days')) }} as numbers (number)
),

walked as (
    select
        steps.company_id,
        steps.origin_number,
        steps.days_ahead,
        steps.projected_date,
        sum(coalesce(rhythm.mean_amount, 0)) over days_so_far as projected_change,
        sum(coalesce(moved_days.net_amount, 0)) over days_so_far as actual_change
    from steps
    left join rhythm
        on
            steps.company_id = rhythm.company_id
            and steps.origin_number = rhythm.origin_number
            and extract(isodow from steps.projected_date) = rhythm.weekday
    left join moved_days
        on
            steps.company_id = moved_days.company_id
            and steps.projected_date = moved_days.movement_date
    window days_so_far as (
        partition by steps.company_id, steps.origin_number
        order by steps.days_ahead
    )
),

tested as (
    select
        company_id,
        days_ahead,
        max(projected_date) filter (where origin_number = 0) as projected_date,
        max(projected_change) filter (where origin_number = 0) as projected_change,
        count(*) filter (where origin_number > 0) as backtest_count,
        avg(abs(projected_change - actual_change)) filter (where origin_number > 0)
            as backtest_error,
        avg(abs(actual_change)) filter (where origin_number > 0) as standstill_error
    from walked
    group by company_id, days_ahead
),

balances as (
    select
        companies.company_id,
        companies.company_name,
        companies.opening_balance_amount_eur
        + coalesce(sum(days.credit_amount_eur - days.debit_amount_eur), 0) as balance_amount
    from companies
    left join days
        on companies.company_id = days.company_id
    group by
        companies.company_id,
        companies.company_name,
        companies.opening_balance_amount_eur
)

select
    balances.company_id,
    tested.projected_date,
    tested.days_ahead,
    balances.company_name,
    'projection' as kind,
    cast('{{ cash_mode() }}' as text) as mode,
    cast(balances.balance_amount + tested.projected_change as numeric(22, 2))
        as projected_balance_amount_eur,
    tested.backtest_count,
    cast(tested.backtest_error as numeric(22, 2)) as backtest_error_amount_eur,
    cast(tested.standstill_error as numeric(22, 2)) as standstill_error_amount_eur
from balances
inner join tested
    on balances.company_id = tested.company_id
