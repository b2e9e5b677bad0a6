{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency', 'booked_date'],
    indexes=[{'columns': ['_load_id', 'currency', 'booked_date'], 'unique': true}],
    meta={'wanted': 'int_transaction_loads__known'}
) }}

-- One row per load, currency and booking day of the lines that nothing of their own rejects: which
-- exchange rates a load needs, and which of its lines wait for their day.

with lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
)

select
    _load_id,
    currency,
    booked_date,
    count(*) as line_count
from lines
where failures is null
group by _load_id, currency, booked_date
