{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['transaction_id'], 'type': 'btree'},
        {'columns': ['_load_id', '_line_no'], 'type': 'btree', 'unique': true},
    ],
    meta={
        'wanted': 'int_transaction_loads__known',
        'follows': ['int_transactions__identified', 'int_transactions__judged'],
        'logs': 'all',
    }
) }}

-- One row per line whose transaction id stands on another line too, of the same load or of any
-- other, or stood on one that was purged: the few lines that need comparing. A new load brings its
-- own repeated lines and those of earlier loads that it repeats.

-- Of whole loads in the order of the ids, which is that of the index; single lines from where they
-- can be looked up.
with new_lines as (
    select
        transaction_id,
        _load_id,
        _line_no
    from {{ ref('int_transactions__identified') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known'), of_lines=false) }}
    union all
    select
        transaction_id,
        _load_id,
        _line_no
    from {{ ref('int_transactions__judged') }}
    where
        failures is null
        and {{ in_loads_to_build(ref('int_transaction_loads__known'), of_loads=false) }}
),

-- Each id is looked up by itself, whatever the history: a join would read all of it.
repeated_ids as (
    select distinct new_lines.transaction_id
    from new_lines
    inner join lateral (
        select 1 as is_there
        from {{ ref('int_transactions__identified') }} as other_lines
        where
            other_lines.transaction_id = new_lines.transaction_id
            and (
                other_lines._load_id <> new_lines._load_id
                or other_lines._line_no <> new_lines._line_no
            )
        order by other_lines._load_id
        limit 1
    ) as another_line on true
    union
    select new_lines.transaction_id
    from new_lines
    inner join {{ kept_repeats() }} as kept
        on new_lines.transaction_id = kept.transaction_id
),

lines_of_id as (
    select
        same_id._load_id,
        same_id._line_no
    from repeated_ids
    inner join lateral (
        select
            known_ids._load_id,
            known_ids._line_no
        from {{ ref('int_transactions__identified') }} as known_ids
        where known_ids.transaction_id = repeated_ids.transaction_id
        {{ evaluate_once() }}
    ) as same_id on true
)

select
    repeated_lines._load_id,
    repeated_lines._line_no,
    repeated_lines.transaction_id,
    repeated_lines.amount,
    repeated_lines.currency,
    {{ content_fingerprint([
        instant_at('repeated_lines.booked_at', 'UTC'),
        'repeated_lines.amount',
        'repeated_lines.currency',
        'repeated_lines.sender_account',
        'repeated_lines.receiver_account',
        'repeated_lines.sender_country',
        'repeated_lines.receiver_country',
        'repeated_lines.sender_municipality',
        'repeated_lines.receiver_municipality',
        'repeated_lines.note',
    ]) }} as content_fingerprint
from lines_of_id
inner join lateral {{ line_of(ref('int_transactions__judged'), 'lines_of_id') }} as repeated_lines
    on true
{%- if is_kept_by_load() %}
    -- A line of another load may stand already; what is judged again brings all of its own.
    where not exists (
        select 1
        from {{ this }} as standing
        where
            standing._load_id = repeated_lines._load_id
            and standing._line_no = repeated_lines._line_no
            and not {{ in_loads_to_build(ref('int_transaction_loads__known'), 'standing._load_id') }}
    )
{%- endif %}
