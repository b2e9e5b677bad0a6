{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of transactions: published, or held with the reason in words.
--
-- Whether a load is published can depend on the loads before it: an id counts as accepted only
-- where a published load brought it. So the loads are walked in the order they came. The repeated
-- lines of a load are counted only where they could tip its gate; for all other loads a step of the
-- walk costs nothing.

with recursive loads as (
    select * from {{ ref('int_transaction_loads__registered') }}
),

registers as (
    select
        load_id,
        file_name
    from {{ ref('int_loads__known') }}
),

counts as (
    select * from {{ ref('int_transaction_loads__counted') }}
),

repeated_counts as (
    select
        _load_id,
        line_count as repeated_count
    from {{ ref('int_load_repeated__counted') }}
),

judged_by_itself as (
    select
        loads.load_id,
        loads.line_count,
        loads.register_load_id,
        loads.version as registered_version,
        counts.judged_count,
        counts.rejected_count,
        counts.unknown_own_count,
        counts.difference_count,
        coalesce(repeated_counts.repeated_count, 0) as repeated_count,
        case
            when loads.register_load_id is null and counts.judged_count > 0
                then
                    'no register of the bank''s accounts is loaded:'
                    || ' load one as bank_customers and build again'
            when
                counts.unknown_own_count
                > {{ var('gate_max_unknown_account_share') }} * loads.line_count
                then
                    {{ thousands('counts.unknown_own_count') }}
                    || ' of ' || {{ thousands('loads.line_count') }} || ' lines ('
                    || {{ share_text('counts.unknown_own_count', 'loads.line_count') }}
                    || ') name an account that should be ours but is not in the register of load '
                    || loads.register_load_id || ' (' || registers.file_name || '); more than '
                    || {{ percent_text(var('gate_max_unknown_account_share')) }}
                    || ' means the register of another bank or day:'
                    || ' load the right one and build again'
            when counts.rejected_count > {{ var('gate_max_rejected_share') }} * loads.line_count
                then {{ rejected_gate_reason('counts.rejected_count', 'loads.line_count') }}
            when counts.difference_count > 0
                then
                    'the reconciliation does not close: ' || counts.difference_count
                    || ' differences between the lines of the file and what became of them'
                    || ' (see intermediate.int_load_currencies__reconciled)'
        end as own_gate_reason
    from loads
    inner join counts
        on loads.load_id = counts._load_id
    left join registers
        on loads.register_load_id = registers.load_id
    left join repeated_counts
        on loads.load_id = repeated_counts._load_id
),

earlier_lines as (
    select
        _load_id,
        _line_no,
        transaction_id,
        content_fingerprint,
        false as is_purged
    from {{ ref('int_transactions__repeated') }}
    union all
    select
        first_load_id as _load_id,
        first_line_no as _line_no,
        transaction_id,
        content_fingerprint,
        true as is_purged
    from {{ ref('int_transactions__remembered') }}
),

in_order as (
    select
        *,
        row_number() over (order by load_id) as place,
        own_gate_reason is null
        and rejected_count + repeated_count > {{ var('gate_max_rejected_share') }} * line_count
            as could_be_tipped
    from judged_by_itself
),

walk as (
    select
        cast(0 as bigint) as place,
        cast(null as integer) as load_id,
        cast(null as text) as gate_reason,
        {{ empty_integer_array() }} as published_loads
    union all
    select
        in_order.place,
        in_order.load_id,
        step.gate_reason,
        case
            when step.gate_reason is null
                then {{ array_append('walk.published_loads', 'in_order.load_id') }}
            else walk.published_loads
        end as published_loads
    from walk
    inner join in_order
        on walk.place + 1 = in_order.place
    -- Counted are the lines that conflict with the first line of their id.
    inner join lateral (
        select
            case
                when in_order.own_gate_reason is not null then in_order.own_gate_reason
                when
                    in_order.rejected_count + count(*)
                    > {{ var('gate_max_rejected_share') }} * in_order.line_count
                    then {{ rejected_gate_reason(
                        'in_order.rejected_count + count(*)', 'in_order.line_count'
                    ) }}
            end as gate_reason
        from {{ ref('int_transactions__repeated') }} as later
        inner join lateral (
            select earlier.content_fingerprint
            from earlier_lines as earlier
            where
                earlier.transaction_id = later.transaction_id
                and (
                    earlier._load_id = in_order.load_id
                    or {{ array_has('walk.published_loads', 'earlier._load_id') }}
                    or (earlier.is_purged and earlier._load_id < in_order.load_id)
                )
                and not exists (
                    select 1
                    from {{ ref('int_transactions__rejected') }} as rejected
                    where
                        rejected._load_id = earlier._load_id
                        and rejected._line_no = earlier._line_no
                )
            order by earlier._load_id, earlier._line_no
            limit 1
        ) as first_line on true
        where
            in_order.could_be_tipped
            and later._load_id = in_order.load_id
            and later.content_fingerprint <> first_line.content_fingerprint
            and not exists (
                select 1
                from {{ ref('int_transactions__rejected') }} as rejected
                where
                    rejected._load_id = later._load_id
                    and rejected._line_no = later._line_no
            )
    ) as step on true
)

select
    in_order.load_id,
    in_order.line_count,
    in_order.register_load_id,
    walk.gate_reason,
    case when walk.gate_reason is null then 'published' else 'held' end as gate,
    in_order.registered_version
    || case when walk.gate_reason is null then '/published' else '/held' end as version
from in_order
inner join walk
    on in_order.place = walk.place
