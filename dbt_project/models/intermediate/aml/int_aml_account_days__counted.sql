{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'account_key', 'booked_date'],
    indexes=[
        {'columns': ['account_key', 'booked_date'], 'type': 'btree'},
        {'columns': ['_load_id'], 'type': 'brin'},
    ],
    pre_hook="{{ reopen_windows_of_changed_loads(
        'int_aml_pairs__new', ref('int_loads__published'), 'account_key', 'null'
    ) }}",
    meta={'wanted': 'int_loads__published'}
) }}

-- One row per load, account and day with more than a few payments of it in the load: all that is
-- needed to tell a busy day. Single late lines of another day's file leave nothing here.

with edges as (
    select * from {{ ref('int_aml_edges__keyed') }}
    where
        is_timely
        and {{ in_loads_to_build(ref('int_loads__published')) }}
),

sides as (
    select
        _load_id,
        sender_key as account_key,
        booked_date
    from edges
    union all
    select
        _load_id,
        receiver_key as account_key,
        booked_date
    from edges
)

select
    _load_id,
    account_key,
    booked_date,
    count(*) as payment_count
from sides
group by _load_id, account_key, booked_date
having count(*) >= {{ var('aml_counted_from') }}
