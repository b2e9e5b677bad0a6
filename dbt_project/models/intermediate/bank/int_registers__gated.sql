{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per register: what became of its lines, and whether accounts may be looked up in it.
-- Of two registers of one business date the later delivery replaces the earlier.

with loads as (
    select * from {{ ref('int_register_loads__known') }}
),

counts as (
    select * from {{ ref('int_registers__counted') }}
),

counted as (
    select
        loads.load_id,
        loads.business_date,
        loads.line_count,
        loads.malformed_count,
        counts.accepted_count,
        counts.corrected_count,
        counts.rejected_count,
        counts.duplicate_count,
        abs(loads.line_count - loads.malformed_count - counts.judged_count) as difference_count,
        counts.rejected_count > {{ var('gate_max_rejected_share') }} * loads.line_count
            as has_too_many_rejected
    from loads
    inner join counts
        on loads.load_id = counts._load_id
),

gated as (
    select
        *,
        case
            when difference_count > 0
                then difference_count || ' of ' || line_count || ' lines are not accounted for'
            when has_too_many_rejected
                then
                    rejected_count || ' of ' || line_count
                    || ' lines of the register were rejected, more than '
                    || {{ percent_text(var('gate_max_rejected_share')) }}
        end as gate_reason
    from counted
),

ranked as (
    select
        *,
        case when gate_reason is null then 'published' else 'held' end as gate,
        gate_reason is null and row_number() over (
            partition by business_date, gate_reason is null
            order by load_id desc
        ) = 1 as is_in_force
    from gated
)

select
    load_id,
    business_date,
    line_count,
    malformed_count,
    accepted_count,
    corrected_count,
    rejected_count,
    duplicate_count,
    difference_count,
    gate,
    gate_reason,
    is_in_force
from ranked
