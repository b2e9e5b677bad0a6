{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency', 'outcome'],
    indexes=[{'columns': ['_load_id', 'currency', 'outcome'], 'unique': true}],
    meta={'adds': 'int_transactions__deduplicated', 'counts': ['line_count']}
) }}

-- One row per load, currency and what becomes of its lines that repeat an accepted one: how many
-- are duplicates, how many rejected, and their sums.

with repeats as (
    {{ rows_to_add(ref('int_transactions__deduplicated')) }}
)

select
    _load_id,
    currency,
    outcome,
    sum(_sign) as line_count,
    sum(_sign * amount) as amount
from repeats
where rule_id is not null
group by _load_id, currency, outcome
