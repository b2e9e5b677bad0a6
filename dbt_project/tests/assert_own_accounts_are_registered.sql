-- A row is an own account of a transaction written lately that no register ever listed: dim_account does not know it.
select distinct
    transactions.own_account,
    transactions._load_id
from {{ ref('fct_transactions') }} as transactions
left join {{ ref('dim_account') }} as accounts
    on transactions.own_account = accounts.account_id
where
    accounts.account_id is null
    and {{ was_written_lately('fct_transactions', 'transactions._load_id') }}
