{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per register that accounts may be looked up in, with the days it is in force: from its
-- own until the next one's. The first is in force for the days before it, too.

with registers as (
    select * from {{ ref('int_registers__gated') }}
    where is_in_force
)

select
    load_id,
    business_date,
    cast(business_date as text) as version,
    case
        when lag(load_id) over (order by business_date) is not null then business_date
    end as in_force_from,
    lead(business_date) over (order by business_date) as in_force_until
from registers
