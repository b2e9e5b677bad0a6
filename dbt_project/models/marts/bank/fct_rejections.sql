{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    meta={
        'wanted': 'int_loads__published',
        'follows': [
            'int_transactions__judged',
            'int_transactions__rejected',
            'int_transactions__deduplicated',
        ],
    }
) }}

-- Grain: one row per rejected or duplicate line of a published load, of any of the bank's feeds.
-- depends_on: {{ ref('int_transactions__judged') }}
-- depends_on: {{ ref('int_transactions__rejected') }}
-- depends_on: {{ ref('int_transactions__deduplicated') }}

with excluded as (
    select * from {{ ref('int_transactions__excluded') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

transactions as (
    select * from {{ ref('stg_bank__transactions') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

register_lines as (
    select * from {{ ref('int_customers__judged') }}
    where
        outcome <> 'accepted'
        and {{ in_loads_to_build(ref('int_loads__published'), of_lines=false) }}
),

customers as (
    select * from {{ ref('stg_bank__customers') }}
    where {{ in_loads_to_build(ref('int_loads__published'), of_lines=false) }}
),

fx_lines as (
    select * from {{ ref('stg_fx__rates') }}
    where
        rate_date is null
        and {{ in_loads_to_build(ref('int_loads__published'), of_lines=false) }}
)

select
    excluded._load_id,
    excluded._line_no,
    excluded.outcome,
    excluded.rule_ids,
    transactions.transaction_id_raw as transaction_id,
    transactions.raw
from excluded
inner join transactions
    on
        excluded._load_id = transactions._load_id
        and excluded._line_no = transactions._line_no
union all
select
    register_lines._load_id,
    register_lines._line_no,
    register_lines.outcome,
    {{ text_array(['register_lines.failure']) }} as rule_ids,
    cast(null as text) as transaction_id,
    customers.raw
from register_lines
inner join customers
    on
        register_lines._load_id = customers._load_id
        and register_lines._line_no = customers._line_no
union all
select
    _load_id,
    _line_no,
    'rejected' as outcome,
    {{ text_array(["'rate.date_unreadable'"]) }} as rule_ids,
    cast(null as text) as transaction_id,
    raw
from fx_lines
