-- A row is a load, written lately, whose transfers between two known accounts do not add up to 0:
-- one of their two legs is missing, or they differ.
select
    _load_id,
    sum(movement_amount_eur) as sum_eur,
    sum(movement_amount_usd) as sum_usd
from {{ ref('fct_cash_movements') }}
where
    counterparty_company_id is not null
    and {{ was_written_lately('fct_cash_movements') }}
group by _load_id
having sum(movement_amount_eur) <> 0 or sum(movement_amount_usd) <> 0
