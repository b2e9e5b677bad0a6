{{ config(
    materialized='incremental',
    incremental_strategy='differing',
    unique_key='account',
    on_schema_change='fail',
    indexes=[{'columns': ['account'], 'unique': true}],
    pre_hook="{{ forget_applied() }}",
    post_hook=[
        "{{ forget_accounts_in_no_register() }}",
        "{{ record_applied(ref('int_registers__in_force')) }}",
    ]
) }}

-- One row per account that was ever in a register in force, as the latest of them lists it. A new
-- register touches only its own accounts; if one was withdrawn or came late, all registers are read
-- again, and the rows that differ are written.

with registers as (
    select * from {{ ref('int_registers__in_force') }}
    {% if is_incremental() %}
        where
            {{ in_loads_to_build(ref('int_registers__in_force'), 'load_id') }}
            or {{ registers_are_read_anew() }}
    {% endif %}
),

lines as (
    select * from {{ ref('int_customers__judged') }}
    where outcome = 'accepted'
),

listed_before as (
    {% if is_incremental() %}
        select
            account,
            first_listed_date
        from {{ this }}
        where not {{ registers_are_read_anew() }}
    {% else %}
        select
            cast(null as text) as account,
            cast(null as date) as first_listed_date
        where false
    {% endif %}
),

listed as (
    select
        lines.account,
        lines.customer_id,
        lines.customer_name,
        lines.address,
        lines.phone,
        lines.personnummer,
        lines._load_id,
        lines._line_no,
        registers.business_date as register_date,
        min(registers.business_date) over (partition by lines.account) as first_listed_date,
        row_number() over (
            partition by lines.account
            order by registers.business_date desc
        ) as recency
    from registers
    inner join lines
        on registers.load_id = lines._load_id
)

select
    listed.account,
    listed.customer_id,
    listed.customer_name,
    listed.address,
    listed.phone,
    listed.personnummer,
    listed._load_id,
    listed._line_no,
    listed.register_date,
    least(
        listed.first_listed_date, listed_before.first_listed_date, kept.first_listed_date
    ) as first_listed_date
from listed
left join listed_before
    on listed.account = listed_before.account
-- Since when an account was listed in registers that were purged.
left join {{ kept_listings() }} as kept
    on listed.account = kept.account
where listed.recency = 1
