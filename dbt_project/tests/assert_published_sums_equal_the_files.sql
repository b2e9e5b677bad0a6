-- A row is a load and currency whose accepted sum in the fact differs from what the lines of the
-- file add up to, led there correction by correction (int_load_currencies__reconciled), less the
-- lines that repeat an accepted one. Of the loads written lately.
with reconciled as (
    select * from {{ ref('int_load_currencies__reconciled') }}
),

published as (
    select * from {{ ref('int_loads__published') }}
    where {{ was_written_lately('fct_transactions', 'load_id') }}
),

repeats as (
    select * from {{ ref('int_transactions__deduplicated') }}
    where
        rule_id is not null
        and {{ was_written_lately('fct_transactions') }}
),

lines as (
    select * from {{ ref('int_transactions__judged') }}
),

repeated as (
    select
        repeats._load_id,
        lines.currency,
        sum(lines.amount) as amount
    from repeats
    inner join lines
        on
            repeats.transaction_id = lines.transaction_id
            and repeats._load_id = lines._load_id
            and repeats._line_no = lines._line_no
    group by repeats._load_id, lines.currency
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
        - coalesce(repeated.amount, 0) as amount_of_the_file,
        coalesce(totals.accepted_amount, 0) as amount_in_the_fact
    from reconciled
    inner join published
        on reconciled._load_id = published.load_id
    left join repeated
        on
            reconciled._load_id = repeated._load_id
            and reconciled.currency = repeated.currency
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
