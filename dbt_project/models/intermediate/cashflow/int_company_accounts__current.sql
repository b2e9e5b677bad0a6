{{ config(indexes=[{'columns': ['account'], 'unique': true}]) }}

-- One row per account of a company, as the newest published list has it. It is used for payments of
-- all days: an account that was forgotten is ours from its first payment on.

with lists as (
    select * from {{ ref('int_company_loads__gated') }}
    where is_in_force
),

listed as (
    select * from {{ ref('int_company_accounts__listed') }}
)

select
    listed.account,
    listed.company_id,
    listed._load_id
from listed
inner join lists
    on listed._load_id = lists.load_id
