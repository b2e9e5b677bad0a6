{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['own_account', 'movement_date'], 'type': 'btree'},
        {'columns': ['account_key'], 'type': 'btree'},
        {'columns': ['_load_id', 'measure', 'own_account', 'movement_date'], 'unique': true},
    ],
    pre_hook="{{ touch_units(
        ['sender_key', 'receiver_key'],
        ['account_key'],
        ['account_key', 'movement_date', 'measure', '_load_id'],
        wanted=ref('int_aml_loads__profiled')
    ) }}",
    post_hook="{{ log_units(['account_key'], wanted=ref('int_aml_loads__profiled')) }}"
) }}

-- One row per load, measure and day on which an own account moved more by it than nearly all
-- accounts do.
-- depends_on: {{ ref('int_aml_accounts__keyed') }}

with movements as (
    {%- if is_incremental() %}
    select * from {{ ref('fct_account_movements') }}
    where {{ is_one_of('_load_id', 'select load_id from ' ~ units() ~ '_loads') }}
    union all
    select movements.*
    from {{ units() }} as units
    inner join {{ ref('int_aml_accounts__keyed') }} as accounts
        on units.account_key = accounts.account_key
    inner join {{ ref('fct_account_movements') }} as movements
        on
            units._load_id = movements._load_id
            and accounts.account = movements.own_account
    {%- else %}
        select * from {{ ref('fct_account_movements') }}
    {%- endif %}
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
    {{ account_key('movements.own_account') }} as account_key,
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
