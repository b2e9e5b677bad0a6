{{ config(materialized='view') }}

-- One row an account of the newest register in force.

with registers as (
    select * from {{ ref('int_registers__gated') }}
    where is_in_force and in_force_until is null
),

lines as (
    select * from {{ ref('int_customers__judged') }}
    where outcome = 'accepted'
)

select
    lines.account,
    lines.customer_id,
    lines.customer_name,
    lines.address,
    lines.phone,
    lines.personnummer,
    registers.business_date as register_date,
    lines._load_id,
    lines._line_no
from lines
inner join registers
    on lines._load_id = registers.load_id
