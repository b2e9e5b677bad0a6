-- Grain: one row an account that was ever in a register, as it was last listed.

with versions as (
    select * from {{ ref('snap_bank__customers') }}
),

ranked as (
    select
        versions.*,
        min(valid_from) over (partition by account) as first_listed_at,
        row_number() over (
            partition by account
            order by valid_from desc, valid_to desc nulls first
        ) as recency
    from versions
)

select
    account as account_id,
    customer_id,
    cast(first_listed_at as date) as first_listed_date,
    cast(valid_from as date) as valid_from_date,
    cast(valid_to as date) as closed_date,
    valid_to is null as is_open
from ranked
where recency = 1
