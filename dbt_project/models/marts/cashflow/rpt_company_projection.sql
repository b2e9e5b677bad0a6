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

-- The movements stand here three times, for a CTE that is used twice is worked out for all
-- companies before one is picked.
past_days as (
    select * from {{ ref('fct_company_movements_daily') }}
),

actual_days as (
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
        numbers.place as origin_number,
        calendar.last_date - numbers.place * {{ var('cashflow_projection_days') }} as origin_date
    from calendar
    cross join lateral {{ series(0, var('cashflow_projection_backtests')) }} as numbers (place)
    where
        numbers.place = 0
        or calendar.last_date
        - numbers.place * {{ var('cashflow_projection_days') }}
        - {{ var('cashflow_projection_history_days') }} >= calendar.first_date - 1
),

rhythm as (
    select
        past_days.company_id,
        origins.origin_number,
        extract(isodow from past_days.movement_date) as day_of_week,
        sum(past_days.credit_amount_eur - past_days.debit_amount_eur)
        * 7 / {{ var('cashflow_projection_history_days') }} as mean_amount
    from origins
    inner join past_days
        on
            origins.origin_date >= past_days.movement_date
            and origins.origin_date - {{ var('cashflow_projection_history_days') }}
            < past_days.movement_date
    group by
        past_days.company_id,
        origins.origin_number,
        extract(isodow from past_days.movement_date)
),

days_to_come as (
    select
        companies.company_id,
        origins.origin_number,
        numbers.place as days_ahead,
        origins.origin_date + numbers.place as projected_date
    from companies
    cross join origins
    cross join lateral {{ series(1, var('cashflow_projection_days')) }} as numbers (place)
),

walked as (
    select
        days_to_come.company_id,
        days_to_come.origin_number,
        days_to_come.days_ahead,
        days_to_come.projected_date,
        sum(coalesce(rhythm.mean_amount, 0)) over days_so_far as projected_change,
        sum(coalesce(actual_days.net_amount, 0)) over days_so_far as actual_change
    from days_to_come
    left join rhythm
        on
            days_to_come.company_id = rhythm.company_id
            and days_to_come.origin_number = rhythm.origin_number
            and extract(isodow from days_to_come.projected_date) = rhythm.day_of_week
    left join actual_days
        on
            days_to_come.company_id = actual_days.company_id
            and days_to_come.projected_date = actual_days.movement_date
    window days_so_far as (
        partition by days_to_come.company_id, days_to_come.origin_number
        order by days_to_come.days_ahead
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
    cast('{{ cash_mode() }}' as text) as cash_mode,
    cast(balances.balance_amount + tested.projected_change as numeric(22, 2))
        as projected_balance_amount_eur,
    tested.backtest_count,
    cast(tested.backtest_error as numeric(22, 2)) as backtest_error_amount_eur,
    cast(tested.standstill_error as numeric(22, 2)) as standstill_error_amount_eur
from balances
inner join tested
    on balances.company_id = tested.company_id
