{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row: the load whose rates are in force, under a number that does not change with it, so
-- that int_fx_rates__quoted writes only the rates that a new file changes. None where no rates
-- are loaded.

with loads as (
    select * from {{ ref('int_fx_loads__known') }}
)

select
    0 as load_id,
    load_id as rates_load_id,
    business_date,
    load_id || '/' || version as version
from loads
where is_newest
