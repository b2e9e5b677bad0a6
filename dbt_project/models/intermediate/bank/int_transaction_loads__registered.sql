{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of transactions: the one register its accounts are looked up in, and the clock
-- its future is read by.
--
-- The register is the one in force on the load's business date, unless that one does not know the
-- load's accounts and one delivered for a later day does: then the first such. A line dated after
-- the load's own day waits until the clock, the latest business date that was ever loaded, has come
-- within a day of it.

with loads as (
    select * from {{ ref('int_transaction_loads__known') }}
),

registers as (
    select * from {{ ref('int_registers__in_force') }}
),

fits as (
    select * from {{ ref('int_registers__fitted') }}
),

clock as (
    select max(business_date) as clock_date from loads
),

ranked as (
    select
        loads.load_id,
        registers.load_id as register_load_id,
        row_number() over (
            partition by loads.load_id
            order by
                case
                    when {{ register_fits('fits.unknown_count', 'fits.mention_count') }} then 0
                    when {{ is_in_force_on('registers', 'loads.business_date') }} then 1
                    else 2
                end asc,
                registers.business_date asc
        ) as preference
    from loads
    inner join fits
        on loads.load_id = fits.load_id
    inner join registers
        on
            fits.register_load_id = registers.load_id
            and (
                {{ is_in_force_on('registers', 'loads.business_date') }}
                or loads.business_date < registers.business_date
            )
)

select
    loads.load_id,
    loads.business_date,
    loads.line_count,
    loads.malformed_count,
    ranked.register_load_id,
    clock.clock_date + 1 as released_through,
    loads.version
    || '/' || coalesce(cast(ranked.register_load_id as text), 'none') as version
from loads
cross join clock
left join ranked
    on loads.load_id = ranked.load_id and ranked.preference = 1
