-- Grain: one row per account that was ever in a register, as it was last listed.

with accounts as (
    select * from {{ ref('int_accounts__current') }}
)

select
    account as account_id,
    customer_id,
    first_listed_date,
    last_listed_date,
    closed_date,
    is_open
from accounts
