{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'measure', 'own_account', 'movement_date'],
    indexes=[
        {'columns': ['_load_id', 'measure', 'own_account', 'movement_date'], 'unique': true},
        {'columns': ['own_account', 'movement_date']},
    ],
    meta={'wanted': 'int_loads__published'}
) }}

-- One row per load, measure and day on which an own account moved more by it than nearly all
-- accounts do.

with movements as (
    select * from {{ ref('fct_account_movements') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

sizes as (
    select * from {{ ref('int_aml_load_sizes__measured') }}
    where
        (measure = 'account_amount' and percentile = {{ var('aml_heavy_day_percentile') }})
        or (measure = 'account_count' and percentile = {{ var('aml_busy_day_percentile') }})
)

select
    movements._load_id,
    sizes.measure,
    movements.own_account,
    movements.movement_date,
    sizes.upper_limit as usual_limit
from movements
inner join sizes
    on
        movements._load_id = sizes._load_id
        and case sizes.measure
            when 'account_amount'
                then greatest(movements.incoming_amount_sek, movements.outgoing_amount_sek)
            else greatest(movements.incoming_count, movements.outgoing_count)
        end >= sizes.upper_limit
