{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['_load_id', '_line_no'], 'unique': true},
        {'columns': ['booked_date', 'currency'], 'type': 'btree'},
    ],
    meta={'wanted': 'int_transaction_loads__known', 'follows': ['int_transactions__judged']}
) }}

-- One row per line that is dated more than a day after its load's business date, whether its day
-- has come or not: one line in a hundred. They are found by their day, across all loads.

with lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
)

select
    _load_id,
    _line_no,
    booked_date,
    currency
from lines
where is_future
