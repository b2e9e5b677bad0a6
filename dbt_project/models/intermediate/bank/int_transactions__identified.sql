{{ config(
    materialized='by_load',
    unique_key=['transaction_id', '_load_id', '_line_no'],
    indexes=[
        {'columns': ['transaction_id'], 'type': 'btree'},
        {'columns': ['_load_id'], 'type': 'brin'},
    ],
    meta={
        'wanted': 'int_transaction_loads__known',
        'follows': ['int_transactions__judged'],
        'looked_up_by': 'transaction_id',
        'logs': true,
    }
) }}

-- One row per line that nothing of its own rejects, by its transaction id: the one index over
-- all of history. A load's ids come in their own order, so that they meet each page of the index
-- once.

with lines as (
    select * from {{ ref('int_transactions__judged') }}
    where
        failures is null
        and {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
)

select
    transaction_id,
    _load_id,
    _line_no
from lines
order by transaction_id
