{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

with loads as (
    select * from {{ ref('int_loads__known') }}
)

select
    load_id,
    business_date,
    line_count,
    malformed_count,
    version
from loads
where feed = 'bank_transactions'
