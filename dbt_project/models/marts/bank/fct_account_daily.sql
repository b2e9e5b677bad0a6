{{ config(materialized='view') }}

-- Grain: one row per own account and booking day with movement. A view over the movements by load,
-- so that a late line restates its account's later days without writing any of them.

with movements as (
    select * from {{ ref('fct_account_movements') }}
),

days as (
    select
        own_account,
        movement_date,
        sum(incoming_amount_sek) as incoming_amount_sek,
        sum(outgoing_amount_sek) as outgoing_amount_sek,
        sum(incoming_count) as incoming_count,
        sum(outgoing_count) as outgoing_count
    from movements
    group by own_account, movement_date
),

-- What was purged still counts in the change to date, from its last day on.
days_and_kept as (
    select
        own_account,
        movement_date,
        incoming_amount_sek,
        outgoing_amount_sek,
        incoming_count,
        outgoing_count,
        incoming_amount_sek - outgoing_amount_sek as change_sek,
        true as is_day
    from days
    union all
    select
        own_account,
        last_movement_date as movement_date,
        0 as incoming_amount_sek,
        0 as outgoing_amount_sek,
        0 as incoming_count,
        0 as outgoing_count,
        amount_sek as change_sek,
        false as is_day
    from {{ kept_balances() }}
),

added_up as (
    select
        *,
        sum(change_sek) over (
            partition by own_account
            order by movement_date
        ) as balance_change_to_date_sek
    from days_and_kept
)

select
    own_account,
    movement_date,
    cast(incoming_amount_sek as numeric(22, 2)) as incoming_amount_sek,
    cast(outgoing_amount_sek as numeric(22, 2)) as outgoing_amount_sek,
    cast(incoming_count as bigint) as incoming_count,
    cast(outgoing_count as bigint) as outgoing_count,
    cast(change_sek as numeric(22, 2)) as net_amount_sek,
    cast(balance_change_to_date_sek as numeric(22, 2)) as balance_change_to_date_sek
from added_up
where is_day
