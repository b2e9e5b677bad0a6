{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency'],
    indexes=[{'columns': ['_load_id', 'currency'], 'unique': true}],
    meta={
        'wanted': 'int_transaction_loads__known',
        'adds': 'int_transactions__judged',
        'counts': ['line_count', 'read_count'],
    }
) }}

-- One row per load and currency (empty where a line has none that can be read): the sum of the
-- lines as they stand in the file, and that of the lines as they were judged. The two are added
-- up on different ways, the first from the raw text without any cleaning rule; what corrections
-- added lies between them.
--   read + corrected = judged
-- Corrected is all of a line that is not written plainly; of one whose amount or currency two
-- persons settled, what they made of it, less what is written.

with raw_lines as (
    select * from {{ ref('stg_bank__transactions') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
),

judged as (
    {{ rows_to_add(ref('int_transactions__judged'), ref('int_transaction_loads__known')) }}
),

-- The lines stand here twice: a CTE that is used twice is stored apart.
judged_again as (
    {{ rows_to_add(ref('int_transactions__judged'), ref('int_transaction_loads__known')) }}
),

currencies as (
    select * from {{ ref('currencies') }}
    where is_payment_currency
),

-- What a plain reader makes of the file: amount and currency both as the feed promises them.
plain_sums as (
    select
        raw_lines._load_id,
        raw_lines.currency_raw as currency,
        count(*) as read_count,
        sum({{ cast_as('raw_lines.amount_raw', 'numeric') }}) as read_amount
    from raw_lines
    inner join currencies
        on raw_lines.currency_raw = currencies.currency
    where {{ amount_is_canonical('raw_lines.amount_raw') }}
    group by raw_lines._load_id, raw_lines.currency_raw
),

-- Few: each is looked up by itself, for a join would read all files.
settled as (
    select
        _load_id,
        _line_no,
        _sign
    from judged_again
    where
        amount is not null
        and currency is not null
        and (
            amount_correction in ('review.set', 'review.accepted')
            or currency_correction = 'review.set'
        )
),

settled_sums as (
    select
        settled._load_id,
        written.currency_raw as currency,
        sum(settled._sign * {{ cast_as('written.amount_raw', 'numeric') }}) as written_amount
    from settled
    inner join lateral {{ line_of(ref('stg_bank__transactions'), 'settled') }} as written on true
    inner join currencies
        on written.currency_raw = currencies.currency
    where {{ amount_is_canonical('written.amount_raw') }}
    group by settled._load_id, written.currency_raw
),

readable as (
    select
        *,
        amount is not null and currency is not null as is_readable,
        coalesce(amount_correction, currency_correction) is not null as is_corrected
    from judged
),

judged_sums as (
    select
        _load_id,
        coalesce(currency, '') as currency,
        sum(_sign) as line_count,
        coalesce(sum(_sign) filter (where is_readable), 0) as judged_count,
        coalesce(sum(_sign * amount) filter (where is_readable), 0) as judged_amount,
        coalesce(sum(_sign) filter (where is_readable and is_corrected), 0) as corrected_count,
        coalesce(sum(_sign * amount) filter (where is_readable and is_corrected), 0)
            as corrected_amount
    from readable
    group by _load_id, coalesce(currency, '')
),

parts as (
    select
        _load_id,
        currency,
        0 as line_count,
        read_count,
        read_amount,
        0 as corrected_count,
        0 as corrected_amount,
        0 as judged_count,
        0 as judged_amount
    from plain_sums
    union all
    select
        _load_id,
        currency,
        0 as line_count,
        0 as read_count,
        0 as read_amount,
        0 as corrected_count,
        -written_amount as corrected_amount,
        0 as judged_count,
        0 as judged_amount
    from settled_sums
    union all
    select
        _load_id,
        currency,
        line_count,
        0 as read_count,
        0 as read_amount,
        corrected_count,
        corrected_amount,
        judged_count,
        judged_amount
    from judged_sums
)

select
    _load_id,
    currency,
    cast(sum(line_count) as bigint) as line_count,
    cast(sum(read_count) as bigint) as read_count,
    cast(sum(read_amount) as numeric) as read_amount,
    cast(sum(corrected_count) as bigint) as corrected_count,
    cast(sum(corrected_amount) as numeric) as corrected_amount,
    cast(sum(judged_count) as bigint) as judged_count,
    cast(sum(judged_amount) as numeric) as judged_amount
from parts
group by _load_id, currency
