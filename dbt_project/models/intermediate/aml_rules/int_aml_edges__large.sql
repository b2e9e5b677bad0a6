{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['_load_id', '_line_no'], 'unique': true},
        {'columns': ['sender_key', 'booked_at'], 'type': 'btree'},
        {'columns': ['receiver_key', 'booked_at'], 'type': 'btree'},
    ],
    meta={'wanted': 'int_aml_loads__dated', 'logs': 'all', 'follows': ['int_aml_edges__keyed']}
) }}

-- One row per published payment that is large enough for the rules about flows (chains, cycles,
-- money passed on, amounts just under a line): one in thirty of a normal day.

with edges as (
    select * from {{ ref('int_aml_edges__keyed') }}
    where {{ in_loads_to_build(ref('int_aml_loads__dated')) }}
)

select
    transaction_id,
    booked_at,
    booked_date,
    business_date,
    sender_key,
    receiver_key,
    is_sender_own,
    is_receiver_own,
    amount_sek,
    amount_eur,
    _load_id,
    _line_no
from edges
where
    sender_key <> receiver_key
    and amount_sek >= {{ var('aml_watched_floor_sek') }} * {{ var('aml_floor_scale') }}
