{{ config(
    materialized='by_load',
    unique_key=['_load_id'],
    indexes=[{'columns': ['_load_id'], 'unique': true}],
    meta={'wanted': 'int_fx_loads__known'}
) }}

-- One row per load of exchange rates: what became of its lines.

with loads as (
    select * from {{ ref('int_fx_loads__known') }}
    where {{ in_loads_to_build(ref('int_fx_loads__known'), 'load_id') }}
),

lines as (
    select * from {{ ref('stg_fx__rates') }}
    where {{ in_loads_to_build(ref('int_fx_loads__known')) }}
)

select
    loads.load_id as _load_id,
    count(lines._line_no) as judged_count,
    count(lines.rate_date) as accepted_count,
    count(lines._line_no) - count(lines.rate_date) as rejected_count
from loads
left join lines
    on loads.load_id = lines._load_id
group by loads.load_id
