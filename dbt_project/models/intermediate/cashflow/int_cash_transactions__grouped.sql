{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='payment_key',
    on_schema_change='fail',
    indexes=[
        {'columns': ['payment_key'], 'type': 'btree'},
        {'columns': ['_load_id', '_line_no'], 'type': 'btree', 'unique': true},
    ],
    pre_hook=[
        "{{ forget_applied() }}",
        "{{ touch_grouped_payments(ref('int_cash_loads__known')) }}",
    ],
    post_hook="{{ record_applied(ref('int_cash_loads__known')) }}"
) }}

-- One row per line that shares its id, and what the sharing makes of it. All lines of a payment
-- (id, parties, time) with two or more amounts are one batch payment, however many loads they came
-- in; a line that says what an earlier one says is its redelivery; the same id for other parties or
-- another time is a collision. What a purged line made of those that remain, they still are.

with loads as (
    select * from {{ ref('int_cash_loads__known') }}
),

repeated_lines as (
    select * from {{ ref('int_cash_transactions__repeated') }}
),

new_lines as (
    select * from {{ ref('int_cash_transactions__repeated') }}
    where {{ in_loads_to_build(ref('int_cash_loads__known')) }}
),

touched_payments as (
    select payment_key
    from new_lines
    {%- if is_incremental() %}
        union
        -- Where a line was withdrawn, those that are left are looked at without it.
        select payment_key
        from {{ touched_payments() }}
    {%- else %}
        group by payment_key
    {%- endif %}
),

touched_lines as (
    select
        repeated_lines.*,
        coalesce(kept.is_redelivery, false) as was_redelivery,
        coalesce(kept.is_batch, false) as was_batch,
        coalesce(kept.is_collision, false) as was_collision
    from touched_payments
    inner join repeated_lines
        on touched_payments.payment_key = repeated_lines.payment_key
    -- Lines of a load that was withdrawn since do not count.
    inner join loads
        on repeated_lines._load_id = loads.load_id
    left join {{ kept_cash_lines() }} as kept
        on
            repeated_lines._load_id = kept.load_id
            and repeated_lines._line_no = kept.line_no
)

select
    payment_key,
    _load_id,
    _line_no,
    was_redelivery or row_number() over same_content > 1 as is_redelivery,
    min(amount) over same_payment <> max(amount) over same_payment
    -- The same number of another currency is another amount.
    or coalesce(min(currency) over same_payment <> max(currency) over same_payment, false)
    or bool_or(was_batch) over same_payment as is_batch,
    min(payment_fingerprint) over same_id <> max(payment_fingerprint) over same_id
    or bool_or(was_collision) over same_id as is_collision
from touched_lines
window
    same_id as (
        partition by payment_key
    ),
    same_payment as (
        partition by payment_key, payment_fingerprint
    ),
    same_content as (
        partition by payment_key, content_fingerprint
        order by _load_id, _line_no
    )
