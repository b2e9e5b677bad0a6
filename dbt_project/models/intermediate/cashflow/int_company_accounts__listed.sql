{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'account', 'company_id'],
    indexes=[{'columns': ['_load_id', 'account', 'company_id'], 'unique': true}],
    meta={'wanted': 'int_company_loads__known'}
) }}

-- One row per list, account and company that claims it.

with companies as (
    select * from {{ ref('int_companies__judged') }}
    where
        outcome = 'accepted'
        and {{ in_loads_to_build(ref('int_company_loads__known')) }}
)

select distinct
    companies._load_id,
    claimed.account,
    companies.company_id,
    companies.company_name
from companies
cross join lateral {{ unnest_array('companies.ibans') }} as claimed (account)
