{{ config(materialized='view') }}

-- One row per rejected line of a held load, as it stands in its file.

with excluded as (
    select * from {{ ref('int_transactions__excluded') }}
),

loads as (
    select * from {{ ref('int_transaction_loads__gated') }}
),

transactions as (
    select * from {{ ref('stg_bank__transactions') }}
)

select
    excluded._load_id,
    excluded._line_no,
    excluded.rule_ids,
    transactions.raw
from loads
inner join excluded
    on loads.load_id = excluded._load_id
inner join transactions
    on
        excluded._load_id = transactions._load_id
        and excluded._line_no = transactions._line_no
where
    loads.gate = 'held'
    and excluded.outcome = 'rejected'
