{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='transaction_id',
    on_schema_change='fail',
    indexes=[
        {'columns': ['transaction_id'], 'type': 'btree'},
        {'columns': ['_load_id', '_line_no'], 'type': 'btree', 'unique': true},
    ],
    pre_hook=[
        "{{ forget_applied() }}",
        "{{ touch_repeated_ids(ref('int_transaction_loads__gated')) }}",
    ],
    post_hook=[
        "{{ record_applied(ref('int_transaction_loads__gated')) }}",
        "{{ log_touched_ids() }}",
    ],
) }}

-- One row per line that shares its transaction id, and what the sharing makes of it. The first
-- line of an id that may stand, in the order the lines came, is accepted; a later one with the
-- same content is a duplicate, one with other content is rejected. "May stand" is: not rejected
-- otherwise, and of a published load. A line of a held load is compared with the published loads
-- before it, as if its own load were published. A purge changes none of that: lines that were
-- purged are remembered here, and listed no more.

with remembered_lines as (
    select * from {{ ref('int_transactions__remembered') }}
),

loads as (
    select
        load_id,
        gate,
        false as is_purged
    from {{ ref('int_transaction_loads__gated') }}
    union all
    select distinct
        first_load_id as load_id,
        'published' as gate,
        true as is_purged
    from remembered_lines
),

repeated_lines as (
    select
        _load_id,
        _line_no,
        transaction_id,
        amount,
        currency,
        content_fingerprint
    from {{ ref('int_transactions__repeated') }}
    union all
    select
        first_load_id as _load_id,
        first_line_no as _line_no,
        transaction_id,
        cast(null as numeric) as amount,
        cast(null as text) as currency,
        content_fingerprint
    from remembered_lines
),

rejected as (
    select * from {{ ref('int_transactions__rejected') }}
),

touched_ids as (
    {% if is_incremental() %}
        select transaction_id from {{ touched_ids() }}
    {% else %}
        select distinct transaction_id from repeated_lines
    {% endif %}
),

touched_lines as (
    select
        repeated_lines._load_id,
        repeated_lines._line_no,
        repeated_lines.transaction_id,
        repeated_lines.amount,
        repeated_lines.currency,
        repeated_lines.content_fingerprint,
        loads.gate,
        loads.is_purged,
        rejected._line_no is null as may_stand
    from touched_ids
    inner join repeated_lines
        on touched_ids.transaction_id = repeated_lines.transaction_id
    inner join loads
        on repeated_lines._load_id = loads.load_id
    left join rejected
        on
            repeated_lines._load_id = rejected._load_id
            and repeated_lines._line_no = rejected._line_no
),

standing_lines as (
    select * from touched_lines
    where may_stand
),

-- They are listed too, so that what an earlier build said of them is replaced.
set_aside_lines as (
    select * from touched_lines
    where not may_stand
),

-- first_published is the first line of a published load, where there is one; first_own the first of
-- the line's own load.
ranked as (
    select
        *,
        first_value(gate) over published_first = 'published' as has_published,
        first_value(_load_id) over published_first as first_published_load_id,
        first_value(_line_no) over published_first as first_published_line_no,
        first_value(content_fingerprint) over published_first as first_published_fingerprint,
        first_value(_line_no) over own_first as first_own_line_no,
        first_value(content_fingerprint) over own_first as first_own_fingerprint
    from standing_lines
    window
        published_first as (
            partition by transaction_id
            order by case when gate = 'published' then 0 else 1 end, _load_id, _line_no
        ),
        own_first as (
            partition by transaction_id, _load_id
            order by _line_no
        )
),

compared as (
    select
        transaction_id,
        _load_id,
        _line_no,
        amount,
        currency,
        content_fingerprint,
        is_purged,
        case
            when has_published and first_published_load_id <= _load_id then first_published_load_id
            else _load_id
        end as first_load_id,
        case
            when has_published and first_published_load_id <= _load_id then first_published_line_no
            else first_own_line_no
        end as first_line_no,
        case
            when
                has_published and first_published_load_id <= _load_id
                then first_published_fingerprint
            else first_own_fingerprint
        end as first_fingerprint
    from ranked
)

select
    transaction_id,
    _load_id,
    _line_no,
    amount,
    currency,
    first_load_id,
    first_line_no,
    case
        when _load_id = first_load_id and _line_no = first_line_no then 'accepted'
        when content_fingerprint = first_fingerprint then 'duplicate'
        else 'rejected'
    end as outcome,
    case
        when _load_id = first_load_id and _line_no = first_line_no then null
        when content_fingerprint = first_fingerprint then 'duplicate.exact'
        else 'id.conflict'
    end as rule_id
from compared
where not is_purged
union all
select
    transaction_id,
    _load_id,
    _line_no,
    amount,
    currency,
    cast(null as integer) as first_load_id,
    cast(null as integer) as first_line_no,
    'set_aside' as outcome,
    cast(null as text) as rule_id
from set_aside_lines
