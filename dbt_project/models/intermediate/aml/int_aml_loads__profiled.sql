{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['load_id'], 'unique': true}],
    pre_hook="{{ touch_profiled_loads(ref('int_transaction_loads__published')) }}",
    post_hook="{{ by_load__record_changes_sql('fct_transactions') }} select 1"
) }}

-- One row per published load of transactions, as detection sees it. A file of past months is no
-- late file: its lines are as much in time as they can be.

with loads as (
    select * from {{ published_facts(ref('int_transaction_loads__published')) }} as published
    {%- if is_incremental() %}
        where load_id not in (select load_id from {{ this }})
    {%- endif %}
),

transactions as (
    select * from {{ ref('fct_transactions') }}
)

select
    loads.load_id,
    loads.business_date,
    counted.is_history,
    loads.version as facts_version,
    loads.version || ' ' || {{ build_moment() }} as version
from loads
cross join lateral (
    select
        coalesce(
            count(*) filter (
                where transactions.booked_date < loads.business_date - {{ var('aml_reopen_days') }}
            )
            > {{ var('aml_history_min_late_share') }} * count(*),
            false
        ) as is_history
    from transactions
    where
        transactions._load_id = loads.load_id
        and transactions.booked_date <= loads.business_date + 1
) as counted
