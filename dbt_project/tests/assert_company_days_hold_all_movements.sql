-- A row is a load, written lately, whose company days add up to something else than its movements.
with movements as (
    select
        _load_id,
        sum(movement_amount_eur) as net_amount,
        count(*) as movement_count
    from {{ ref('fct_cash_movements') }}
    where {{ was_written_lately('fct_cash_movements') }}
    group by _load_id
),

days as (
    select
        _load_id,
        sum(credit_amount_eur - debit_amount_eur) as net_amount,
        sum(credit_count + debit_count) as movement_count
    from {{ ref('fct_company_movements_daily') }}
    where {{ was_written_lately('fct_cash_movements') }}
    group by _load_id
)

select
    movements._load_id,
    movements.net_amount as net_amount_of_movements,
    days.net_amount as net_amount_of_days,
    movements.movement_count,
    days.movement_count as movement_count_of_days
from movements
left join days
    on movements._load_id = days._load_id
where
    movements.net_amount is distinct from days.net_amount
    or movements.movement_count is distinct from days.movement_count
