{{ config(indexes=[
    {'columns': ['account_key'], 'unique': true},
    {'columns': ['account'], 'unique': true},
]) }}

-- One row per own account that was ever listed: a few ten thousand, so the table is made anew. The
-- key is a function of the account number alone, so this says what a key means, and is not needed
-- to give one.

with accounts as (
    select * from {{ ref('int_accounts__current') }}
)

select
    {{ account_key('account') }} as account_key,
    account,
    customer_id,
    first_listed_date,
    is_open
from accounts
