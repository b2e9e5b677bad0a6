{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of payments whose lines may stand in the marts.

with loads as (
    select * from {{ ref('int_cash_loads__gated') }}
)

select
    load_id,
    feed,
    business_date,
    version
from loads
where gate = 'published'
