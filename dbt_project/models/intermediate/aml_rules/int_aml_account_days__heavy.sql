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

-- One row per load, measure and day on which an own account moved more by it than most accounts do,
-- and whether more than nearly all of them. In a delivery that is too small to tell, every day is
-- one: then the rules' own thresholds decide.
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

quantities as (
    select
        movements._load_id,
        movements.own_account,
        movements.movement_date,
        by_measure.measure,
        by_measure.quantity,
        by_measure.kept_from_percentile
    from movements
    cross join lateral (
        values
        (
            'account_amount',
            greatest(movements.incoming_amount_sek, movements.outgoing_amount_sek),
            {{ var('aml_heavy_day_percentile') }}
        ),
        (
            'account_count',
            cast(greatest(movements.incoming_count, movements.outgoing_count) as numeric),
            {{ var('aml_busy_day_percentile') }}
        )
    ) as by_measure (measure, quantity, kept_from_percentile)
),

sizes as (
    select * from {{ ref('int_aml_load_sizes__measured') }}
)

select
    quantities._load_id,
    quantities.measure,
    {{ account_key('quantities.own_account') }} as account_key,
    quantities.own_account,
    quantities.movement_date,
    heavy.upper_limit as heavy_limit,
    coalesce(quantities.quantity >= heavy.upper_limit, true) as is_heavy
from quantities
left join sizes as kept
    on
        quantities._load_id = kept._load_id
        and quantities.measure = kept.measure
        and quantities.kept_from_percentile = kept.percentile
left join sizes as heavy
    on
        quantities._load_id = heavy._load_id
        and quantities.measure = heavy.measure
        and heavy.percentile = {{ var('aml_heavy_day_percentile') }}
where coalesce(quantities.quantity >= kept.upper_limit, true)
