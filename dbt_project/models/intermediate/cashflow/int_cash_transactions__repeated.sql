{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['payment_key'], 'type': 'btree'},
        {'columns': ['_load_id', '_line_no'], 'type': 'btree', 'unique': true},
    ],
    meta={'wanted': 'int_cash_loads__known'}
) }}

-- One row per line whose id stands on another line of its rail too, of the same load or of any
-- other, or stood on one that was purged. A new load brings its own repeated lines and those of
-- earlier loads that it repeats.

with new_lines as (
    select * from {{ ref('int_cash_transactions__judged') }}
    where
        payment_id is not null
        and {{ in_loads_to_build(ref('int_cash_loads__known')) }}
),

repeated_ids as (
    {%- if is_kept_by_load() %}
        select distinct
            new_lines.rail,
            new_lines.payment_id
        from new_lines
        inner join {{ ref('int_cash_transactions__judged') }} as all_lines
            on
                new_lines.payment_id = all_lines.payment_id
                and new_lines.rail = all_lines.rail
                and (
                    new_lines._load_id <> all_lines._load_id
                    or new_lines._line_no <> all_lines._line_no
                )
    {%- else %}
        -- All lines are new: one pass finds them.
        select
            rail,
            payment_id
        from new_lines
        group by rail, payment_id
        having count(*) > 1
    {%- endif %}
    union
    select
        new_lines.rail,
        new_lines.payment_id
    from new_lines
    inner join {{ kept_cash_lines() }} as kept
        on
            new_lines._load_id = kept.load_id
            and new_lines._line_no = kept.line_no
)

select
    repeated_lines._load_id,
    repeated_lines._line_no,
    repeated_lines.rail || ':' || repeated_lines.payment_id as payment_key,
    repeated_lines.amount,
    repeated_lines.currency,
    -- The payment: who pays whom, and when.
    {{ content_fingerprint([
        'repeated_lines.sender_account',
        'repeated_lines.beneficiary_account',
        instant_at('repeated_lines.booked_at', 'UTC'),
        'case when repeated_lines.booked_at is null then repeated_lines.unread end',
    ]) }} as payment_fingerprint,
    {{ content_fingerprint([
        'repeated_lines.sender_account',
        'repeated_lines.beneficiary_account',
        instant_at('repeated_lines.booked_at', 'UTC'),
        'cast(repeated_lines.amount as numeric(28, 4))',
        'repeated_lines.currency',
        'repeated_lines.unread',
    ]) }} as content_fingerprint
from repeated_ids
-- Few ids among many lines: looked up one by one, whatever the history.
inner join lateral (
    select judged.*
    from {{ ref('int_cash_transactions__judged') }} as judged
    where
        judged.payment_id = repeated_ids.payment_id
        and judged.rail = repeated_ids.rail
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
            and not {{ in_loads_to_build(ref('int_cash_loads__known'), 'standing._load_id') }}
    )
{%- endif %}
