-- A row is an own account of a transaction written lately that no register ever listed: dim_account
-- does not know it.
with transactions as (
    {{ rows_written_lately(ref('fct_transactions')) }}
),

accounts as (
    select * from {{ ref('dim_account') }}
)

select distinct
    transactions.own_account,
    transactions._load_id
from transactions
left join accounts
    on transactions.own_account = accounts.account_id
where accounts.account_id is null
