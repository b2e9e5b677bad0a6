{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of transactions whose lines may stand in the marts.

with loads as (
    select * from {{ ref('int_loads__published') }}
)

select
    load_id,
    business_date,
    version
from loads
where feed = 'bank_transactions'
