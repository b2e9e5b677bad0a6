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
    select * from {{ ref('int_transactions__judged') }}
    where failures is null
),

repeated_ids as (
    select transaction_id
    from new_lines
    group by transaction_id
    having count(*) > 1
    union
    select new_lines.transaction_id
    from new_lines
    inner join all_lines as earlier_lines
        on
            new_lines.transaction_id = earlier_lines.transaction_id
            and new_lines._load_id <> earlier_lines._load_id
)

select
    all_lines._load_id,
    all_lines._line_no,
    all_lines.transaction_id,
    {{ content_fingerprint([
        instant_at('all_lines.booked_at', 'UTC'),
        'all_lines.amount',
        'all_lines.currency',
        'all_lines.sender_account',
        'all_lines.receiver_account',
        'all_lines.sender_country',
        'all_lines.receiver_country',
        'all_lines.sender_municipality',
        'all_lines.receiver_municipality',
        'all_lines.note',
    ]) }} as content_fingerprint
from all_lines
inner join repeated_ids
    on all_lines.transaction_id = repeated_ids.transaction_id
{%- if is_kept_by_load() %}
where not exists (
    select 1
    from {{ this }} as standing
    where
        standing._load_id = all_lines._load_id
        and standing._line_no = all_lines._line_no
)
{%- endif %}
