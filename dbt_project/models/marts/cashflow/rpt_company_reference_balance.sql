{{ config(materialized='view') }}

-- Grain: one row per company and day of comparison: the end of every quarter that the payments
-- reach, and the day of the list that gives the reference. The reference is compared with, never
-- believed: what it is meant to be, and for which day, its sender does not say.

with companies as (
    select * from {{ ref('dim_company') }}
),

days as (
    select * from {{ ref('fct_company_movements_daily') }}
),

calendar as (
    select
        min(movement_date) as first_date,
        max(movement_date) as last_date,
        max(movement_date) - min(movement_date) as day_count
    from {{ ref('fct_company_movements_daily') }}
),

quarters as (
    select distinct
        cast(
            date_trunc('quarter', calendar.first_date + steps.step) + interval '3 months'
            - interval '1 day' as date
        ) as compared_date
    from calendar
    cross join lateral {{ series(0, 'calendar.day_count') }} as steps (step)
),

comparisons as (
    select
        companies.company_id,
        'quarter_end' as compared_at,
        quarters.compared_date
    from companies
    cross join quarters
    union all
    select
        company_id,
        'list' as compared_at,
        listed_date as compared_date
    from companies
),

moved as (
    select
        comparisons.company_id,
        comparisons.compared_at,
        comparisons.compared_date,
        coalesce(sum(days.credit_amount_eur - days.debit_amount_eur), 0) as moved_amount_eur,
        coalesce(sum(days.credit_amount_usd - days.debit_amount_usd), 0) as moved_amount_usd
    from comparisons
    left join days
        on
            comparisons.company_id = days.company_id
            and comparisons.compared_date >= days.movement_date
    group by comparisons.company_id, comparisons.compared_at, comparisons.compared_date
),

balanced as (
    select
        moved.company_id,
        moved.compared_at,
        moved.compared_date,
        companies.company_name,
        companies.opening_balance_amount_eur,
        companies.reference_balance_amount_eur,
        companies.reference_balance_amount_usd,
        companies.opening_balance_amount_eur + moved.moved_amount_eur as closing_amount_eur,
        companies.opening_balance_amount_usd + moved.moved_amount_usd as closing_amount_usd
    from moved
    inner join companies
        on moved.company_id = companies.company_id
)

select
    company_id,
    compared_at,
    compared_date,
    company_name,
    cast('{{ cash_mode() }}' as text) as cash_mode,
    cast(closing_amount_eur as numeric(22, 2)) as closing_amount_eur,
    cast(closing_amount_usd as numeric(22, 2)) as closing_amount_usd,
    cast(
        closing_amount_eur - lag(closing_amount_eur, 1, opening_balance_amount_eur) over (
            partition by company_id, compared_at
            order by compared_date
        ) as numeric(22, 2)
    ) as change_amount_eur,
    reference_balance_amount_eur,
    reference_balance_amount_usd,
    cast(closing_amount_eur - reference_balance_amount_eur as numeric(22, 2))
        as difference_amount_eur,
    cast(closing_amount_usd - reference_balance_amount_usd as numeric(22, 2))
        as difference_amount_usd
from balanced
