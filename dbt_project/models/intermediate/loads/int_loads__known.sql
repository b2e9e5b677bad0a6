{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- A table, not a view: the whole build works on the loads that stood at its start.
with loads as (
    select * from {{ ref('stg_ops__loads') }}
)

select
    load_id,
    feed,
    file_name,
    business_date,
    line_count,
    malformed_count,
    cast(business_date as text) as version
from loads
where status = 'loaded'
