{{ config(indexes=[{'columns': ['_load_id'], 'unique': true}]) }}

-- One row per load of transactions: its lines counted as read and as judged, before repeated ids
-- are looked for.

with loads as (
    select * from {{ ref('int_transaction_loads__registered') }}
),

judged_lines as (
    select
        _load_id,
        sum(line_count) as judged_count
    from {{ ref('int_load_currencies__read') }}
    group by _load_id
),

rejected_lines as (
    select
        _load_id,
        sum(line_count) as rejected_count,
        coalesce(
            sum(line_count) filter (
                where {{ array_has('rule_ids', "'account.unknown_own'") }}
            ),
            0
        ) as unknown_own_count
    from {{ ref('int_load_rejections__counted') }}
    group by _load_id
),

currency_differences as (
    select
        _load_id,
        count(*) filter (where difference_amount <> 0) as currency_difference_count
    from {{ ref('int_load_currencies__reconciled') }}
    group by _load_id
)

select
    loads.load_id as _load_id,
    cast(coalesce(judged_lines.judged_count, 0) as bigint) as judged_count,
    cast(coalesce(rejected_lines.rejected_count, 0) as bigint) as rejected_count,
    cast(coalesce(rejected_lines.unknown_own_count, 0) as bigint) as unknown_own_count,
    cast(
        abs(loads.line_count - loads.malformed_count - coalesce(judged_lines.judged_count, 0))
        + coalesce(currency_differences.currency_difference_count, 0)
        as bigint
    ) as difference_count
from loads
left join judged_lines
    on loads.load_id = judged_lines._load_id
left join rejected_lines
    on loads.load_id = rejected_lines._load_id
left join currency_differences
    on loads.load_id = currency_differences._load_id
