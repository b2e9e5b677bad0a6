-- Grain: one row a customer (a personnummer), as last listed. A customer may hold several accounts.

with accounts as (
    select * from {{ ref('dim_account') }}
),

versions as (
    select * from {{ ref('snap_bank__customers') }}
),

ranked as (
    select
        versions.*,
        row_number() over (
            partition by customer_id
            order by valid_to desc nulls first, valid_from desc, account
        ) as recency
    from versions
    where customer_id is not null
),

accounts_of_customers as (
    select
        customer_id,
        count(*) filter (where is_open) as open_account_count,
        min(first_listed_date) as first_listed_date
    from accounts
    where customer_id is not null
    group by customer_id
)

select
    ranked.customer_id,
    ranked.customer_name,
    ranked.address,
    ranked.phone,
    ranked.personnummer,
    accounts_of_customers.first_listed_date,
    coalesce(accounts_of_customers.open_account_count, 0) as open_account_count
from ranked
-- An account that changed hands leaves its former holder without accounts.
left join accounts_of_customers
    on ranked.customer_id = accounts_of_customers.customer_id
where ranked.recency = 1
