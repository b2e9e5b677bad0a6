{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['_change_no']},
        {'columns': ['_load_id']},
        {'columns': ['sender_key', 'booked_at']},
        {'columns': ['receiver_key', 'booked_at']},
    ],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_watching()) }}",
        "{{ forget_applied() }}",
        "{{ mark_changed_watched(ref('int_loads__published')) }}"
    ],
    post_hook="{{ record_applied(ref('int_loads__published')) }}"
) }}

-- One row per published payment that a rule about several payments may need: a twentieth of a
-- normal day. Rows of loads that are gone stay, marked, until every rule has learnt of it.
--   is_large          flows: chains, cycles, money passed on, amounts just under a line
--   is_small_foreign  smurfing: small, from abroad, and a noticeable part of what came in so far
--   is_dense          bursts: one of at least four payments of the sender within five minutes

with edges as (
    select * from {{ ref('int_aml_edges__keyed') }}
    where
        sender_key <> receiver_key
        and {{ in_loads_to_build(ref('int_loads__published')) }}
),

rates as (
    select * from {{ ref('int_aml_rates__counted') }}
),

sent as (
    select
        transaction_id,
        booked_at,
        lag(booked_at, 1) over payments_of_sender as before_1,
        lag(booked_at, 2) over payments_of_sender as before_2,
        lag(booked_at, 3) over payments_of_sender as before_3,
        lead(booked_at, 1) over payments_of_sender as after_1,
        lead(booked_at, 2) over payments_of_sender as after_2,
        lead(booked_at, 3) over payments_of_sender as after_3
    from edges
    where is_sender_own
    window payments_of_sender as (
        partition by _load_id, sender_key
        order by booked_at, transaction_id
    )
),

dense as (
    select transaction_id
    from sent
    where
        least(
            after_3 - booked_at, after_2 - before_1, after_1 - before_2, booked_at - before_3
        ) <= interval '5 minutes'
),

sized as (
    select
        edges.*,
        edges.direction = 'incoming'
        and edges.amount_sek <= {{ var('aml_small_limit_eur') }}
        * coalesce(rates.sek_per_eur, {{ var('aml_sek_per_eur') }}) as is_small_from_abroad,
        round(
            edges.amount_sek / coalesce(rates.sek_per_eur, {{ var('aml_sek_per_eur') }}), 2
        ) as amount_eur
    from edges
    left join rates
        on
            edges._load_id = rates._load_id
            and edges.booked_date = rates.booked_date
),

received as (
    select
        transaction_id,
        is_small_from_abroad,
        count(*) over payments_to_receiver as received_count,
        count(*) filter (where is_small_from_abroad) over payments_to_receiver as small_count,
        count(*) over (partition by _load_id, receiver_key) as received_in_load_count
    from sized
    where is_receiver_own
    window payments_to_receiver as (
        partition by _load_id, receiver_key
        order by booked_at, transaction_id
    )
),

small_foreign as (
    select
        transaction_id,
        received_count,
        received_in_load_count
    from received
    where
        is_small_from_abroad
        and small_count >= 0.2 * received_count
)

select
    sized.transaction_id,
    sized.booked_at,
    sized.booked_date,
    sized.business_date,
    sized.sender_key,
    sized.receiver_key,
    sized.is_sender_own,
    sized.is_receiver_own,
    coalesce(sized.amount_sek, 0) as amount_sek,
    coalesce(sized.amount_eur, 0) as amount_eur,
    sized.sender_country,
    sized.receiver_country,
    coalesce(
        sized.amount_sek >= {{ var('aml_watched_floor_sek') }} * {{ var('aml_floor_scale') }}, false
    ) as is_large,
    small_foreign.transaction_id is not null as is_small_foreign,
    dense.transaction_id is not null as is_dense,
    small_foreign.received_count,
    small_foreign.received_in_load_count,
    sized._load_id,
    false as is_gone,
    {{ next_change() }} as _change_no
from sized
left join small_foreign
    on sized.transaction_id = small_foreign.transaction_id
left join dense
    on sized.transaction_id = dense.transaction_id
where
    sized.amount_sek >= {{ var('aml_watched_floor_sek') }} * {{ var('aml_floor_scale') }}
    or small_foreign.transaction_id is not null
    or dense.transaction_id is not null
