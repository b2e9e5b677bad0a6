{{ config(materialized='view') }}

-- One row per load that a purge leaves where it is, and what needs it: registers by which loads
-- were judged, those in force on days that are not over, and the newest exchange rates.

with registers as (
    select * from {{ ref('int_registers__in_force') }}
),

fits as (
    select * from {{ ref('int_registers__fitted') }}
),

rates as (
    select * from {{ ref('int_fx_loads__newest') }}
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
