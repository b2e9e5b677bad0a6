{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of any feed: what became of its lines, and whether it may be published.

with transaction_loads as (
    select * from {{ ref('int_transaction_loads__gated') }}
),

transaction_counts as (
    select * from {{ ref('int_transaction_loads__counted') }}
),

registers as (
    select * from {{ ref('int_registers__gated') }}
),

fx_loads as (
    select * from {{ ref('int_fx_loads__known') }}
),

fx_counts as (
    select * from {{ ref('int_fx_loads__counted') }}
),

cashflow_loads as (
    select * from {{ ref('int_cashflow_loads__resolved') }}
),

loads as (
    select * from {{ ref('int_loads__known') }}
),

repeats as (
    select
        _load_id,
        coalesce(sum(line_count) filter (where outcome = 'duplicate'), 0) as duplicate_count,
        coalesce(sum(line_count) filter (where outcome = 'rejected'), 0) as conflict_count
    from {{ ref('int_load_repeats__counted') }}
    group by _load_id
),

of_every_feed as (
    select
        transaction_loads.load_id,
        transaction_loads.gate,
        transaction_loads.gate_reason,
        transaction_counts.judged_count,
        transaction_counts.rejected_count + coalesce(repeats.conflict_count, 0) as rejected_count,
        coalesce(repeats.duplicate_count, 0) as duplicate_count,
        transaction_counts.difference_count,
        transaction_loads.gate as version
    from transaction_loads
    inner join transaction_counts
        on transaction_loads.load_id = transaction_counts._load_id
    left join repeats
        on transaction_loads.load_id = repeats._load_id
    union all
    select
        load_id,
        gate,
        gate_reason,
        accepted_count + rejected_count + duplicate_count as judged_count,
        rejected_count,
        duplicate_count,
        difference_count,
        gate as version
    from registers
    union all
    select
        fx_loads.load_id,
        'published' as gate,
        cast(null as text) as gate_reason,
        fx_counts.judged_count,
        fx_counts.rejected_count,
        0 as duplicate_count,
        abs(fx_loads.line_count - fx_loads.malformed_count - fx_counts.judged_count)
            as difference_count,
        'published' as version
    from fx_loads
    inner join fx_counts
        on fx_loads.load_id = fx_counts._load_id
    union all
    select
        load_id,
        gate,
        gate_reason,
        judged_count,
        rejected_count,
        duplicate_count,
        difference_count,
        version
    from cashflow_loads
)

select
    loads.load_id,
    loads.feed,
    loads.file_name,
    loads.business_date,
    loads.line_count,
    loads.malformed_count,
    of_every_feed.gate,
    of_every_feed.gate_reason,
    cast(of_every_feed.judged_count as bigint) as judged_count,
    cast(of_every_feed.rejected_count as bigint) as rejected_count,
    cast(of_every_feed.duplicate_count as bigint) as duplicate_count,
    cast(of_every_feed.difference_count as bigint) as difference_count,
    of_every_feed.version
from loads
inner join of_every_feed
    on loads.load_id = of_every_feed.load_id
