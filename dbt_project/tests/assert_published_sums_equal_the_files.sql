-- A row is a published load and currency whose accepted sum in the fact differs from what the
-- lines of the file add up to, led there correction by correction
-- (int_load_currencies__reconciled), less the lines that repeat an accepted one.
with reconciled as (
    select * from {{ ref('int_load_currencies__reconciled') }}
),

published as (
    select * from {{ ref('int_transaction_loads__published') }}
),

repeats as (
    select
        _load_id,
        currency,
        sum(amount) as amount
    from {{ ref('int_load_repeats__counted') }}
    group by _load_id, currency
),

totals as (
    select * from {{ ref('rpt_load_currency_totals') }}
),

compared as (
    select
        reconciled._load_id,
        reconciled.currency,
        reconciled.read_amount
        + reconciled.corrected_amount
        - reconciled.rejected_amount
        - coalesce(repeats.amount, 0) as amount_of_the_file,
        coalesce(totals.accepted_amount, 0) as amount_in_the_fact
    from reconciled
    inner join published
        on reconciled._load_id = published.load_id
    left join repeats
        on
            reconciled._load_id = repeats._load_id
            and reconciled.currency = repeats.currency
    left join totals
        on
            reconciled._load_id = totals._load_id
            and reconciled.currency = totals.currency
)

select
    _load_id,
    currency,
    amount_of_the_file,
    amount_in_the_fact,
    amount_in_the_fact - amount_of_the_file as difference
from compared
where amount_in_the_fact <> amount_of_the_file
