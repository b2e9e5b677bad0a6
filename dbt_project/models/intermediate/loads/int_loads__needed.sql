{{ config(materialized='view') }}

-- One row per load that a purge leaves where it is, and what needs it: registers by which loads
-- were judged, those in force on days that are not over, and the newest exchange rates. Of
-- cashflow: the list of companies in use, the rates by which payments were converted, and the
-- newest and the first of them, by which reference balances are.

with registers as (
    select * from {{ ref('int_registers__in_force') }}
),

fits as (
    select * from {{ ref('int_registers__fitted') }}
),

rates as (
    select * from {{ ref('int_fx_loads__newest') }}
),

companies as (
    select * from {{ ref('int_company_loads__gated') }}
    where is_in_force
),

cash_rates as (
    select * from {{ ref('int_cash_rate_loads__gated') }}
    where is_in_force
),

cash_days as (
    select * from {{ ref('int_cash_load_days__counted') }}
)

select
    register_load_id as load_id,
    load_id as needed_by_load_id,
    cast(null as date) as needed_until
from fits
union all
select
    load_id,
    cast(null as integer) as needed_by_load_id,
    in_force_until as needed_until
from registers
union all
select
    rates_load_id as load_id,
    cast(null as integer) as needed_by_load_id,
    cast(null as date) as needed_until
from rates
union all
select
    load_id,
    cast(null as integer) as needed_by_load_id,
    cast(null as date) as needed_until
from companies
union all
select
    load_id,
    cast(null as integer) as needed_by_load_id,
    case when in_force_from is not null then in_force_until end as needed_until
from cash_rates
union all
select distinct
    cash_rates.load_id,
    cash_days._load_id as needed_by_load_id,
    cast(null as date) as needed_until
from cash_days
inner join cash_rates
    on
        (cash_rates.in_force_from is null or cash_days.booked_date >= cash_rates.in_force_from)
        and (cash_rates.in_force_until is null or cash_days.booked_date < cash_rates.in_force_until)
