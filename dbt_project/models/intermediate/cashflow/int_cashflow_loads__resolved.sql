{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of any cashflow feed: what became of its lines, and whether it is published. One
-- branch of int_loads__resolved.

with payment_loads as (
    select * from {{ ref('int_cash_loads__gated') }}
),

payment_counts as (
    select * from {{ ref('int_cash_loads__counted') }}
),

company_loads as (
    select * from {{ ref('int_company_loads__gated') }}
),

rate_loads as (
    select * from {{ ref('int_cash_rate_loads__gated') }}
)

select
    payment_loads.load_id,
    payment_loads.gate,
    payment_loads.gate_reason,
    payment_loads.judged_count,
    payment_loads.judged_count - payment_counts.rejected_count - payment_counts.duplicate_count
        as accepted_count,
    payment_counts.rejected_count,
    payment_counts.duplicate_count,
    payment_loads.difference_count,
    payment_loads.version
from payment_loads
inner join payment_counts
    on payment_loads.load_id = payment_counts._load_id
union all
select
    load_id,
    gate,
    gate_reason,
    judged_count,
    accepted_count,
    rejected_count,
    duplicate_count,
    difference_count,
    version || '/' || gate as version
from company_loads
union all
select
    load_id,
    gate,
    gate_reason,
    judged_count,
    accepted_count,
    rejected_count,
    duplicate_count,
    difference_count,
    version || '/' || gate || '/' || coalesce(rates_fingerprint, '-') as version
from rate_loads
