{{ config(
    materialized='by_load',
    unique_key=['_load_id'],
    meta={'wanted': 'int_loads__told'}
) }}

-- Grain: one row per load.
--   line_count = accepted_count + rejected_count + duplicate_count + malformed_count
-- A held load is counted as it would be published; none of its lines are in any other mart.

with loads as (
    select * from {{ ref('int_loads__resolved') }}
    where {{ in_loads_to_build(ref('int_loads__told'), 'load_id') }}
),

registers as (
    select * from {{ ref('int_registers__gated') }}
),

fx_counts as (
    select * from {{ ref('int_fx_loads__counted') }}
),

cashflow_loads as (
    select * from {{ ref('int_cashflow_loads__resolved') }}
),

totals as (
    select
        _load_id,
        sum(accepted_count) as published_count,
        sum(corrected_count) as corrected_count
    from {{ ref('int_load_currency_totals__summed') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
    group by _load_id
),

-- None of a held load's lines stand in the fact: they are counted one by one.
corrected_lines as (
    select
        loads.load_id as _load_id,
        held_lines.corrected_count
    from loads
    inner join lateral (
        select count(*) as corrected_count
        from {{ ref('int_transactions__judged') }} as judged
        left join {{ ref('int_transactions__excluded') }} as excluded
            on
                judged._load_id = excluded._load_id
                and judged._line_no = excluded._line_no
        where
            judged._load_id = loads.load_id
            and excluded._line_no is null
            and {{ is_corrected() }}
    ) as held_lines on loads.gate = 'held' and loads.feed = 'bank_transactions'
),

counted as (
    select
        loads.load_id as _load_id,
        loads.feed,
        loads.file_name,
        loads.business_date,
        loads.gate,
        loads.gate_reason,
        loads.line_count,
        loads.rejected_count,
        loads.duplicate_count,
        loads.malformed_count,
        loads.difference_count as difference_before_publication,
        case
            when loads.feed = 'bank_transactions'
                then loads.judged_count - loads.rejected_count - loads.duplicate_count
            else coalesce(
                registers.accepted_count,
                fx_counts.accepted_count,
                cashflow_loads.accepted_count,
                0
            )
        end as accepted_count,
        coalesce(
            registers.corrected_count, totals.corrected_count, corrected_lines.corrected_count, 0
        ) as corrected_count,
        coalesce(totals.published_count, 0) as published_count
    from loads
    left join registers
        on loads.load_id = registers.load_id
    left join fx_counts
        on loads.load_id = fx_counts._load_id
    left join cashflow_loads
        on loads.load_id = cashflow_loads.load_id
    left join totals
        on loads.load_id = totals._load_id
    left join corrected_lines
        on loads.load_id = corrected_lines._load_id
)

select
    _load_id,
    feed,
    file_name,
    business_date,
    gate,
    gate_reason,
    line_count,
    cast(accepted_count as bigint) as accepted_count,
    cast(corrected_count as bigint) as corrected_count,
    rejected_count,
    duplicate_count,
    malformed_count,
    cast(
        difference_before_publication
        + abs(line_count - accepted_count - rejected_count - duplicate_count - malformed_count)
        -- What stands in the fact, held against what should.
        + case
            when feed <> 'bank_transactions' then 0
            when gate = 'published' then abs(accepted_count - published_count)
            else published_count
        end
        as bigint
    ) as difference_count
from counted
