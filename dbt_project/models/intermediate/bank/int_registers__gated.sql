-- One row a register: whether accounts may be looked up in it, and until which day it is in force.
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
        counts.rejected_count > {{ var('gate_max_rejected_share') }} * loads.line_count as has_too_many_rejected
    from loads
    inner join counts
        on loads.load_id = counts._load_id
),

gated as (
    select
        counted.*,
        case
            when difference_count > 0
                then 'held: ' || difference_count || ' of ' || line_count || ' lines are not accounted for'
            when has_too_many_rejected
                then 'held: ' || rejected_count || ' of ' || line_count || ' lines of the register were rejected, more than '
                    || {{ percent_text(var('gate_max_rejected_share')) }}
        end as gate_reason
    from counted
),

ranked as (
    select
        gated.*,
        gate_reason is null and row_number() over (
            partition by business_date, gate_reason is null
            order by load_id desc
        ) = 1 as is_in_force
    from gated
),

-- A register is in force from its day until the next one's; the first also for the days before it.
in_force as (
    select
        load_id,
        case
            when lag(load_id) over in_order is not null then business_date
        end as in_force_from,
        lead(business_date) over in_order as in_force_until
    from ranked
    where is_in_force
    window in_order as (order by business_date)
)

select
    ranked.load_id,
    ranked.business_date,
    ranked.line_count,
    ranked.malformed_count,
    ranked.accepted_count,
    ranked.corrected_count,
    ranked.rejected_count,
    ranked.duplicate_count,
    ranked.difference_count,
    case when ranked.gate_reason is null then 'published' else 'held' end as gate,
    ranked.gate_reason,
    ranked.is_in_force,
    in_force.in_force_from,
    in_force.in_force_until
from ranked
left join in_force
    on ranked.load_id = in_force.load_id
