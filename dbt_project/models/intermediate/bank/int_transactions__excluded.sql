{{ config(materialized='view') }}

-- One row per line that is not accepted, with its outcome and every rule that says so.

with rejected as (
    select * from {{ ref('int_transactions__rejected') }}
),

deduplicated as (
    select * from {{ ref('int_transactions__deduplicated') }}
),

loads as (
    select * from {{ ref('int_transaction_loads__gated') }}
)

select
    _load_id,
    _line_no,
    'rejected' as outcome,
    rule_ids
from rejected
union all
select
    deduplicated._load_id,
    deduplicated._line_no,
    deduplicated.outcome,
    {{ text_array(['deduplicated.rule_id']) }} as rule_ids
from deduplicated
-- Lines of a load that was withdrawn since may still stand among the repeated ones.
inner join loads
    on deduplicated._load_id = loads.load_id
where deduplicated.rule_id is not null
