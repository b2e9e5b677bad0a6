{{ config(indexes=[{'columns': ['_load_id', 'currency'], 'unique': true}]) }}

-- One row per load and currency: the sum of the lines as they stand in the file, led to the sum of
-- the lines that may be accepted, correction by correction. A difference holds the load.
--   read + corrected - rejected = valid

with sums as (
    select * from {{ ref('int_load_currencies__read') }}
    where currency <> ''
),

rejected as (
    select
        _load_id,
        currency,
        sum(amount_count) as rejected_count,
        sum(amount) as rejected_amount
    from {{ ref('int_load_rejections__counted') }}
    group by _load_id, currency
)

select
    sums._load_id,
    sums.currency,
    sums.read_count,
    sums.read_amount,
    sums.corrected_count,
    sums.corrected_amount,
    coalesce(rejected.rejected_count, 0) as rejected_count,
    coalesce(rejected.rejected_amount, 0) as rejected_amount,
    sums.judged_count - coalesce(rejected.rejected_count, 0) as valid_count,
    sums.judged_amount - coalesce(rejected.rejected_amount, 0) as valid_amount,
    sums.read_amount + sums.corrected_amount - sums.judged_amount as difference_amount
from sums
left join rejected
    on
        sums._load_id = rejected._load_id
        and sums.currency = rejected.currency
