{{ config(
    materialized='by_load',
    unique_key=['_load_id'],
    indexes=[{'columns': ['_load_id'], 'unique': true}],
    meta={'wanted': 'int_register_loads__known'}
) }}

-- One row per register: what became of its lines.

with lines as (
    select * from {{ ref('int_customers__judged') }}
    where {{ in_loads_to_build(ref('int_register_loads__known')) }}
),

loads as (
    select * from {{ ref('int_register_loads__known') }}
    where {{ in_loads_to_build(ref('int_register_loads__known'), 'load_id') }}
)

select
    loads.load_id as _load_id,
    count(lines._line_no) as judged_count,
    count(*) filter (where lines.outcome = 'accepted') as accepted_count,
    count(*) filter (
        where lines.outcome = 'accepted' and lines.account_correction is not null
    ) as corrected_count,
    count(*) filter (where lines.outcome = 'rejected') as rejected_count,
    count(*) filter (where lines.outcome = 'duplicate') as duplicate_count
from loads
left join lines
    on loads.load_id = lines._load_id
group by loads.load_id
