-- Grain: one row per customer (a personnummer), as last listed. A customer may hold several
-- accounts.

with accounts as (
    select * from {{ ref('int_accounts__current') }}
    where customer_id is not null
),

ranked as (
    select
        *,
        min(first_listed_date) over (partition by customer_id) as customer_first_listed_date,
        count(*) filter (where is_open) over (partition by customer_id) as open_account_count,
        row_number() over (
            partition by customer_id
            order by last_listed_date desc, account asc
        ) as recency
    from accounts
)

select
    customer_id,
    customer_name,
    address,
    phone,
    personnummer,
    customer_first_listed_date as first_listed_date,
    open_account_count
from ranked
where recency = 1
