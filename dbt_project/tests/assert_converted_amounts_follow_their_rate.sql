-- A row is a transaction in another currency whose amount in kronor is not amount x rate to within
-- half an öre, or that has one of the two without the other, or no rate and no flag that says so.
-- Of what was written lately.
with transactions as (
    {{ rows_written_lately(ref('fct_transactions')) }}
)

select
    transaction_id,
    amount,
    currency,
    fx_rate,
    amount_sek,
    flags
from transactions
where
    currency <> 'SEK'
    and (
        abs(amount_sek - amount * fx_rate) > 0.005
        or (amount_sek is null) <> (fx_rate is null)
        or (fx_rate is null and not {{ array_has('flags', "'fx.no_rate'") }})
    )
