{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['load_id', 'register_load_id'], 'unique': true}],
    pre_hook=[
        "{{ forget_applied() }}",
        "{{ forget_fits_of_changed_loads(ref('int_loads__known')) }}",
    ],
    post_hook=[
        "{{ record_applied(ref('int_loads__known')) }}",
        "{{ by_load__record_changes_sql('int_transactions__judged') }}",
    ]
) }}

-- One row per load and a register that it was held against: how much of the load the register does
-- not know. Neither side changes unless it is judged again, so a pair is looked at once: first the
-- register in force on the load's day (the latest up to it, or the earliest after it where there is
-- none), and only where that one does not fit, the ones that came for later days.
-- depends_on: {{ ref('int_transactions__judged') }}

with loads as (
    select * from {{ ref('int_transaction_loads__known') }}
),

registers as (
    select * from {{ ref('int_registers__in_force') }}
),

register_accounts as (
    select
        _load_id,
        account
    from {{ ref('int_customers__judged') }}
    where outcome = 'accepted'
),

load_accounts as (
    select * from {{ ref('int_load_accounts__counted') }}
),

known_fits as (
    {% if is_incremental() %}
        select
            load_id,
            register_load_id,
            mention_count,
            unknown_count
        from {{ this }}
    {% else %}
        select
            cast(null as integer) as load_id,
            cast(null as integer) as register_load_id,
            cast(null as bigint) as mention_count,
            cast(null as bigint) as unknown_count
        where false
    {% endif %}
),

in_force as (
    select
        loads.load_id,
        loads.business_date,
        registers.load_id as register_load_id
    from loads
    inner join registers
        on {{ is_in_force_on('registers', 'loads.business_date') }}
),

first_pairs as (
    select
        in_force.load_id,
        in_force.register_load_id
    from in_force
    left join known_fits
        on
            in_force.load_id = known_fits.load_id
            and in_force.register_load_id = known_fits.register_load_id
    where known_fits.load_id is null
),

first_fits as (
    select
        first_pairs.load_id,
        first_pairs.register_load_id,
        coalesce(sum(load_accounts.mention_count), 0) as mention_count,
        coalesce(
            sum(load_accounts.mention_count) filter (where register_accounts.account is null), 0
        ) as unknown_count
    from first_pairs
    left join load_accounts
        on first_pairs.load_id = load_accounts._load_id
    left join register_accounts
        on
            first_pairs.register_load_id = register_accounts._load_id
            and load_accounts.account = register_accounts.account
    group by first_pairs.load_id, first_pairs.register_load_id
),

fits_so_far as (
    select
        load_id,
        register_load_id,
        mention_count,
        unknown_count
    from known_fits
    union all
    select
        load_id,
        register_load_id,
        mention_count,
        unknown_count
    from first_fits
),

later_pairs as (
    select
        in_force.load_id,
        registers.load_id as register_load_id
    from in_force
    inner join fits_so_far as in_force_fit
        on
            in_force.load_id = in_force_fit.load_id
            and in_force.register_load_id = in_force_fit.register_load_id
    inner join registers
        on
            in_force.business_date < registers.business_date
            and in_force.register_load_id <> registers.load_id
    left join fits_so_far as known_fit
        on
            in_force.load_id = known_fit.load_id
            and registers.load_id = known_fit.register_load_id
    where
        known_fit.load_id is null
        and not {{ register_fits('in_force_fit.unknown_count', 'in_force_fit.mention_count') }}
),

later_fits as (
    select
        later_pairs.load_id,
        later_pairs.register_load_id,
        coalesce(sum(load_accounts.mention_count), 0) as mention_count,
        coalesce(
            sum(load_accounts.mention_count) filter (where register_accounts.account is null), 0
        ) as unknown_count
    from later_pairs
    left join load_accounts
        on later_pairs.load_id = load_accounts._load_id
    left join register_accounts
        on
            later_pairs.register_load_id = register_accounts._load_id
            and load_accounts.account = register_accounts.account
    group by later_pairs.load_id, later_pairs.register_load_id
)

select
    load_id,
    register_load_id,
    cast(mention_count as bigint) as mention_count,
    cast(unknown_count as bigint) as unknown_count
from first_fits
union all
select
    load_id,
    register_load_id,
    cast(mention_count as bigint) as mention_count,
    cast(unknown_count as bigint) as unknown_count
from later_fits
