{{ config(materialized='view') }}

-- One row per published load of transactions, in the version that its edges depend on.

with loads as (
    select * from {{ ref('int_aml_loads__profiled') }}
)

select
    load_id,
    is_history,
    facts_version || case when is_history then ' history' else '' end as version
from loads
