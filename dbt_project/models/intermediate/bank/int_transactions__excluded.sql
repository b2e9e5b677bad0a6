{{ config(materialized='view') }}

-- One row per line that is not accepted, with its outcome and every rule that says so.

with rejected as (
    select * from {{ ref('int_transactions__rejected') }}
),

deduplicated as (
    select * from {{ ref('int_transactions__deduplicated') }}
)

select
    _load_id,
    _line_no,
    'rejected' as outcome,
    rule_ids
from rejected
union all
select
    _load_id,
    _line_no,
    outcome,
    {{ text_array(['rule_id']) }} as rule_ids
from deduplicated
where rule_id is not null
