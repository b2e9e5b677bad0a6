{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of any feed: what became of its lines, whether it may be published, and the
-- version of its rows. The version differs whenever any row that depends on the load differs: its
-- gate, its lines' outcomes, the rates it uses.

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

repeated as (
    select
        _load_id,
        count(*) filter (where outcome = 'duplicate') as duplicate_count,
        count(*) filter (where outcome = 'rejected') as conflict_count,
        {{ fingerprint_of_rows("_line_no || ':' || outcome", '_line_no') }} as repeated_fingerprint
    from {{ ref('int_transactions__deduplicated') }}
    group by _load_id
),

rates as (
    select
        _load_id,
        {{ fingerprint_of_rows(
            "currency || booked_date"
            ~ " || coalesce(cast(fx_rate as text), '')"
            ~ " || coalesce(cast(fx_rate_date as text), '')"
            ~ " || coalesce(fx_source, '')",
            'currency, booked_date'
        ) }} as rates_fingerprint
    from {{ ref('int_load_rates__attached') }}
    group by _load_id
),

of_every_feed as (
    select
        transaction_loads.load_id,
        transaction_loads.gate,
        transaction_loads.gate_reason,
        transaction_counts.judged_count,
        transaction_counts.rejected_count + coalesce(repeated.conflict_count, 0) as rejected_count,
        coalesce(repeated.duplicate_count, 0) as duplicate_count,
        transaction_counts.difference_count,
        {{ fingerprint(
            "concat_ws('/', transaction_loads.version, transaction_counts.rejected_fingerprint,"
            ~ " coalesce(repeated.repeated_fingerprint, '-'),"
            ~ " coalesce(rates.rates_fingerprint, '-'))"
        ) }} as version
    from transaction_loads
    inner join transaction_counts
        on transaction_loads.load_id = transaction_counts._load_id
    left join repeated
        on transaction_loads.load_id = repeated._load_id
    left join rates
        on transaction_loads.load_id = rates._load_id
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
    of_every_feed.judged_count,
    of_every_feed.rejected_count,
    of_every_feed.duplicate_count,
    of_every_feed.difference_count,
    of_every_feed.version
from loads
inner join of_every_feed
    on loads.load_id = of_every_feed.load_id
