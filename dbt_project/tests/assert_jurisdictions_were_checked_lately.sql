-- A row is the list of jurisdictions, when nobody held it against FATF's statements for 130 days:
-- FATF renews them every four months.
{{ config(severity='warn') }}

with jurisdictions as (
    select * from {{ ref('aml_jurisdictions') }}
),

checked as (
    select max(checked_at) as last_checked_at from jurisdictions
)

select
    last_checked_at,
    current_date - last_checked_at as days_since
from checked
where current_date - last_checked_at > {{ var('aml_jurisdictions_checked_within_days') }}
