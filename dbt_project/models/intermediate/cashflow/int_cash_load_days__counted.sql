{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency', 'booked_date'],
    indexes=[{'columns': ['_load_id', 'currency', 'booked_date'], 'type': 'btree'}],
    meta={'wanted': 'int_cash_loads__known'}
) }}

-- One row per load, currency and day of its lines, also of those that name none: which rates a load
-- needs, and how many lines were judged.

with lines as (
    select * from {{ ref('int_cash_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_cash_loads__known')) }}
)

select
    _load_id,
    currency,
    booked_date,
    count(*) as line_count
from lines
group by _load_id, currency, booked_date
