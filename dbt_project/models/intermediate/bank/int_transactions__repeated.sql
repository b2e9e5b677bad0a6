{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['transaction_id'], 'type': 'btree'},
        {'columns': ['_load_id', '_line_no'], 'type': 'btree', 'unique': true},
    ],
    meta={'wanted': 'int_transaction_loads__known'}
) }}

-- One row a line whose transaction id stands on another line too, of the same load or of any other: the few lines that
-- need comparing. A new load brings its own repeated lines and those of earlier loads that it repeats.

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
                new_lines._load_id <> all_lines._load_id or new_lines._line_no <> all_lines._line_no
            )
)

select
    lines._load_id,
    lines._line_no,
    lines.transaction_id,
    {{ content_fingerprint([
        instant_at('lines.booked_at', 'UTC'),
        'lines.amount',
        'lines.currency',
        'lines.sender_account',
        'lines.receiver_account',
        'lines.sender_country',
        'lines.receiver_country',
        'lines.sender_municipality',
        'lines.receiver_municipality',
        'lines.note',
    ]) }} as content_fingerprint
from repeated_ids
-- Few ids among many lines: looked up one by one, whatever the history.
cross join
    lateral (
        select *
        from {{ ref('int_transactions__judged') }} as judged
        where
            judged.transaction_id = repeated_ids.transaction_id
            and judged.failures is null
        {{ evaluate_once() }}
    ) as lines
{%- if is_kept_by_load() %}
where not exists (
    select 1
    from {{ this }} as standing
    where
        standing._load_id = lines._load_id
        and standing._line_no = lines._line_no
)
{%- endif %}
