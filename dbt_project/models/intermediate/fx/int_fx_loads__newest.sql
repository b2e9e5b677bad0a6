{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

with loads as (
    select * from {{ ref('int_fx_loads__known') }}
)

select
    load_id,
    business_date,
    version
from loads
where is_newest
