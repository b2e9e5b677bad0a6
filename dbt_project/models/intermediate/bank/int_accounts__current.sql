{{ config(materialized='view') }}

-- One row per account that was ever listed, with its state today: open while the newest register
-- lists it.

with accounts as (
    select * from {{ ref('int_accounts__listed') }}
),

registers as (
    select * from {{ ref('int_registers__in_force') }}
)

select
    accounts.account,
    accounts.customer_id,
    accounts.customer_name,
    accounts.address,
    accounts.phone,
    accounts.personnummer,
    accounts.first_listed_date,
    accounts.register_date as last_listed_date,
    registers.in_force_until as closed_date,
    registers.in_force_until is null as is_open,
    coalesce(registers.in_force_until, accounts.register_date) as as_of_date
from accounts
inner join registers
    on accounts._load_id = registers.load_id
