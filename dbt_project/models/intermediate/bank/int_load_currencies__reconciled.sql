{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency'],
    indexes=[{'columns': ['_load_id', 'currency'], 'unique': true}],
    meta={'wanted': 'int_transaction_loads__registered'}
) }}

-- One row per load and currency: the sum of the lines as they stand in the file, led to the sum of
-- the lines that may be accepted, correction by correction. The two sides are added up on different
-- ways: one from the raw text, without any cleaning rule, the other from the judged lines. A
-- difference holds the load.
--   read + corrected - rejected = valid
-- Corrected is what corrections add: all of a line that is not written plainly; of one whose amount
-- or currency two persons settled, what they made of it, less what is written.

with raw_lines as (
    select * from {{ ref('stg_bank__transactions') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered')) }}
),

judged as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered')) }}
),

rejected as (
    select * from {{ ref('int_transactions__rejected') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__registered')) }}
),

currencies as (
    select * from {{ ref('currencies') }}
    where is_payment_currency
),

settled as (
    select
        judged._load_id,
        judged._line_no
    from {{ ref('int_transactions__reviewed') }} as reviewed
    inner join {{ ref('int_transactions__judged') }} as judged
        on
            reviewed._load_id = judged._load_id
            and reviewed._line_no = judged._line_no
    where
        (
            judged.amount_correction in ('review.set', 'review.accepted')
            or judged.currency_correction = 'review.set'
        )
        and {{ in_loads_to_build(
            ref('int_transaction_loads__registered'), 'judged._load_id'
        ) }}
),

-- What a plain reader makes of the file: amount and currency both as the feed promises them.
plain_lines as (
    select
        raw_lines._load_id,
        raw_lines.currency_raw as currency,
        {{ cast_as('raw_lines.amount_raw', 'numeric') }} as amount,
        rejected._line_no is not null as is_rejected,
        settled._line_no is not null as is_settled
    from raw_lines
    inner join currencies
        on raw_lines.currency_raw = currencies.currency
    left join settled
        on
            raw_lines._load_id = settled._load_id
            and raw_lines._line_no = settled._line_no
    left join rejected
        on
            raw_lines._load_id = rejected._load_id
            and raw_lines._line_no = rejected._line_no
    where {{ amount_is_canonical('raw_lines.amount_raw') }}
),

read_sums as (
    select
        _load_id,
        currency,
        count(*) as line_count,
        sum(amount) as amount,
        count(*) filter (where is_rejected) as rejected_count,
        coalesce(sum(amount) filter (where is_rejected), 0) as rejected_amount,
        coalesce(sum(amount) filter (where is_settled and not is_rejected), 0) as settled_amount
    from plain_lines
    group by _load_id, currency
),

valid_lines as (
    select
        judged._load_id,
        judged.currency,
        judged.amount,
        coalesce(judged.amount_correction, judged.currency_correction) is not null as is_corrected
    from judged
    left join rejected
        on
            judged._load_id = rejected._load_id
            and judged._line_no = rejected._line_no
    where rejected._line_no is null
),

valid_sums as (
    select
        _load_id,
        currency,
        sum(amount) as amount,
        count(*) as line_count,
        coalesce(sum(amount) filter (where is_corrected), 0) as corrected_amount,
        count(*) filter (where is_corrected) as corrected_count
    from valid_lines
    group by _load_id, currency
),

currencies_of_loads as (
    select
        _load_id,
        currency
    from read_sums
    union
    select
        _load_id,
        currency
    from valid_sums
),

joined as (
    select
        currencies_of_loads._load_id,
        currencies_of_loads.currency,
        coalesce(read_sums.line_count, 0) as read_count,
        coalesce(read_sums.amount, 0) as read_amount,
        coalesce(valid_sums.corrected_count, 0) as corrected_count,
        coalesce(valid_sums.corrected_amount, 0)
        - coalesce(read_sums.settled_amount, 0) as corrected_amount,
        coalesce(read_sums.rejected_count, 0) as rejected_count,
        coalesce(read_sums.rejected_amount, 0) as rejected_amount,
        coalesce(valid_sums.line_count, 0) as valid_count,
        coalesce(valid_sums.amount, 0) as valid_amount
    from currencies_of_loads
    left join read_sums
        on
            currencies_of_loads._load_id = read_sums._load_id
            and currencies_of_loads.currency = read_sums.currency
    left join valid_sums
        on
            currencies_of_loads._load_id = valid_sums._load_id
            and currencies_of_loads.currency = valid_sums.currency
)

select
    _load_id,
    currency,
    read_count,
    read_amount,
    corrected_count,
    corrected_amount,
    rejected_count,
    rejected_amount,
    valid_count,
    valid_amount,
    read_amount + corrected_amount - rejected_amount - valid_amount as difference_amount
from joined
