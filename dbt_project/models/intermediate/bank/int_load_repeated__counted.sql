{{ config(
    materialized='by_load',
    unique_key=['_load_id'],
    indexes=[{'columns': ['_load_id'], 'unique': true}],
    meta={'adds': 'int_transactions__repeated', 'counts': ['line_count']}
) }}

-- One row per load with lines whose transaction id stands on another line too: how many.

with repeated as (
    {{ rows_to_add(ref('int_transactions__repeated')) }}
)

select
    _load_id,
    sum(_sign) as line_count
from repeated
group by _load_id
