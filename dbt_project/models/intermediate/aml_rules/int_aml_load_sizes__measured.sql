{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'measure', 'percentile'],
    indexes=[{'columns': ['_load_id', 'measure', 'percentile'], 'unique': true}],
    meta={'wanted': 'int_aml_loads__profiled'}
) }}

-- One row per load, measure and percentile: what is usual among all own accounts on the days that
-- the delivery is about. The segment that a hit is held against: the register tells nothing that
-- would part accounts further. Fewer than a hundred accounts and days have no hundredths: such a
-- delivery has no rows here.
--   account_amount  SEK that an account moved in one direction on a day
--   account_count   payments that an account made or received on a day

with loads as (
    select * from {{ ref('int_aml_loads__profiled') }}
),

-- Lines that wait for their day come to a load later, and tell nothing of its accounts.
movements as (
    select movements.*
    from {{ ref('fct_account_movements') }} as movements
    inner join loads
        on
            movements._load_id = loads.load_id
            and loads.business_date + 1 >= movements.movement_date
    where {{ in_loads_to_build(ref('int_aml_loads__profiled'), 'movements._load_id') }}
),

days as (
    select
        *,
        sum(incoming_count + outgoing_count) over (partition by _load_id) as load_count,
        sum(incoming_count + outgoing_count) over (
            partition by _load_id, movement_date
        ) as day_count
    from movements
),

measured as (
    select
        _load_id,
        'account_amount' as measure,
        greatest(incoming_amount_sek, outgoing_amount_sek) as quantity
    from days
    where day_count >= {{ var('aml_usual_day_min_share') }} * load_count
    union all
    select
        _load_id,
        'account_count' as measure,
        greatest(incoming_count, outgoing_count) as quantity
    from days
    where day_count >= {{ var('aml_usual_day_min_share') }} * load_count
),

ranked as (
    select
        _load_id,
        measure,
        quantity,
        row_number() over (
            partition by _load_id, measure
            order by quantity
        ) as place,
        count(*) over (partition by _load_id, measure) as account_day_count
    from measured
)

-- The rows with which the next hundredth is full.
select
    _load_id,
    measure,
    cast(100 * place / account_day_count as integer) as percentile,
    quantity as upper_limit
from ranked
where
    account_day_count >= 100
    and 100 * place / account_day_count > 100 * (place - 1) / account_day_count
