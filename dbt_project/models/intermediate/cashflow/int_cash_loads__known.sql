{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

with loads as (
    select * from {{ ref('int_loads__known') }}
)

select
    load_id,
    feed,
    file_name,
    business_date,
    line_count,
    malformed_count,
    version
from loads
where feed in ('cashflow_sepa', 'cashflow_swift')
