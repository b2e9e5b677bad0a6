{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency', 'booked_date'],
    indexes=[
        {'columns': ['_load_id', 'currency', 'booked_date'], 'unique': true},
        {'columns': ['booked_date', 'currency'], 'type': 'btree'},
    ],
    meta={
        'wanted': 'int_transaction_loads__known',
        'adds': 'int_transactions__judged',
        'counts': ['line_count'],
    }
) }}

-- One row per load, currency and booking day of the lines that nothing of their own rejects, but
-- for those in int_transactions__late: where a changed exchange rate finds the lines it is for.

with lines as (
    {{ rows_to_add(ref('int_transactions__judged'), ref('int_transaction_loads__known')) }}
)

select
    _load_id,
    currency,
    booked_date,
    sum(_sign) as line_count
from lines
where failures is null and not is_future
group by _load_id, currency, booked_date
