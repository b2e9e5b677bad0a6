{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['transaction_id'], 'type': 'btree'},
        {'columns': ['_load_id', '_line_no'], 'type': 'btree', 'unique': true},
    ],
    meta={'wanted': 'int_transaction_loads__known'}
) }}

-- One row per line whose transaction id stands on another line too, of the same load or of any
-- other, or stood on one that was purged: the few lines that need comparing. A new load brings its
-- own repeated lines and those of earlier loads that it repeats.

with new_lines as (
    select
        _load_id,
        _line_no,
        transaction_id
    from {{ ref('int_transactions__judged') }}
    where
        failures is null
        and {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
),

all_lines as (
    select
        _load_id,
        _line_no,
        transaction_id
    from {{ ref('int_transactions__judged') }}
    where failures is null
),

repeated_ids as (
    select distinct new_lines.transaction_id
    from new_lines
    inner join all_lines
        on
            new_lines.transaction_id = all_lines.transaction_id
            and (
                new_lines._load_id <> all_lines._load_id
                or new_lines._line_no <> all_lines._line_no
            )
    union
    select new_lines.transaction_id
    from new_lines
    inner join {{ kept_repeats() }} as kept
        on new_lines.transaction_id = kept.transaction_id
)

select
    repeated_lines._load_id,
    repeated_lines._line_no,
    repeated_lines.transaction_id,
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
from repeated_ids
-- Few ids among many lines: looked up one by one, whatever the history.
inner join lateral (
    select judged.*
    from {{ ref('int_transactions__judged') }} as judged
    where
        judged.transaction_id = repeated_ids.transaction_id
        and judged.failures is null
    {{ evaluate_once() }}
) as repeated_lines on true
{%- if is_kept_by_load() %}
    -- A line of another load may stand already; a load that is judged again brings all of its own.
    where not exists (
        select 1
        from {{ this }} as standing
        where
            standing._load_id = repeated_lines._load_id
            and standing._line_no = repeated_lines._line_no
            and not {{ in_loads_to_build(ref('int_transaction_loads__known'), 'standing._load_id') }}
    )
{%- endif %}
