{{ config(
    materialized='by_load',
    unique_key=['_load_id'],
    indexes=[{'columns': ['_load_id'], 'unique': true}],
    meta={'wanted': 'int_transaction_loads__registered'}
) }}

-- One row per load of transactions: its lines counted as read and as judged, before repeated ids
-- are looked for.

with loads as (
    select * from {{ ref('int_transaction_loads__registered') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered'), 'load_id') }}
),

judged as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered')) }}
),

rejected as (
    select * from {{ ref('int_transactions__rejected') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered')) }}
),

reconciled as (
    select * from {{ ref('int_load_currencies__reconciled') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered')) }}
),

judged_lines as (
    select
        _load_id,
        count(*) as judged_count
    from judged
    group by _load_id
),

rejected_lines as (
    select
        _load_id,
        count(*) as rejected_count,
        count(*) filter (where has_unknown_own_account) as unknown_own_count,
        {{ fingerprint_of_rows("_line_no || ':' || " ~ array_text('rule_ids'), '_line_no') }}
            as rejected_fingerprint
    from rejected
    group by _load_id
),

currency_differences as (
    select
        _load_id,
        count(*) filter (where difference_amount <> 0) as currency_difference_count
    from reconciled
    group by _load_id
)

select
    loads.load_id as _load_id,
    coalesce(judged_lines.judged_count, 0) as judged_count,
    coalesce(rejected_lines.rejected_count, 0) as rejected_count,
    coalesce(rejected_lines.unknown_own_count, 0) as unknown_own_count,
    abs(loads.line_count - loads.malformed_count - coalesce(judged_lines.judged_count, 0))
    + coalesce(currency_differences.currency_difference_count, 0) as difference_count,
    coalesce(rejected_lines.rejected_fingerprint, '') as rejected_fingerprint
from loads
left join judged_lines
    on loads.load_id = judged_lines._load_id
left join rejected_lines
    on loads.load_id = rejected_lines._load_id
left join currency_differences
    on loads.load_id = currency_differences._load_id
