{{ config(
    materialized='by_load',
    unique_key=['_load_id'],
    meta={'wanted': 'int_loads__resolved'}
) }}

-- Grain: one row per load.
--   line_count = accepted_count + rejected_count + duplicate_count + malformed_count
-- A held load is counted as it would be published; none of its lines are in any other mart.

with loads as (
    select * from {{ ref('int_loads__resolved') }}
    where {{ in_loads_to_build(ref('int_loads__resolved'), 'load_id') }}
),

excluded as (
    select
        _load_id,
        _line_no
    from {{ ref('int_transactions__excluded') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
),

judged as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
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
        sum(accepted_count) as published_count
    from {{ ref('rpt_load_currency_totals') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
    group by _load_id
),

accepted_lines as (
    select
        judged._load_id,
        {{ is_corrected() }} as is_corrected
    from judged
    left join excluded
        on
            judged._load_id = excluded._load_id
            and judged._line_no = excluded._line_no
    where excluded._line_no is null
),

accepted as (
    select
        _load_id,
        count(*) as accepted_count,
        count(*) filter (where is_corrected) as corrected_count
    from accepted_lines
    group by _load_id
    union all
    select
        load_id as _load_id,
        accepted_count,
        corrected_count
    from registers
    union all
    select
        _load_id,
        accepted_count,
        0 as corrected_count
    from fx_counts
    union all
    select
        load_id as _load_id,
        accepted_count,
        0 as corrected_count
    from cashflow_loads
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
        coalesce(accepted.accepted_count, 0) as accepted_count,
        coalesce(accepted.corrected_count, 0) as corrected_count,
        -- What stands in the fact, held against what should.
        case
            when loads.feed <> 'bank_transactions' then 0
            when loads.gate = 'published'
                then abs(coalesce(accepted.accepted_count, 0) - coalesce(totals.published_count, 0))
            else coalesce(totals.published_count, 0)
        end as difference_in_marts
    from loads
    left join accepted
        on loads.load_id = accepted._load_id
    left join totals
        on loads.load_id = totals._load_id
)

select
    _load_id,
    feed,
    file_name,
    business_date,
    gate,
    gate_reason,
    line_count,
    accepted_count,
    corrected_count,
    rejected_count,
    duplicate_count,
    malformed_count,
    cast(
        difference_before_publication
        + difference_in_marts
        + abs(line_count - accepted_count - rejected_count - duplicate_count - malformed_count)
        as bigint
    ) as difference_count
from counted
