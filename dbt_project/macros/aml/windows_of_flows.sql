{#-
    The first CTEs of a rule about what flows through an account (with ... windows as (...),): every
    payment out, an anchor, with the payments in and out of its account in the window that it ends.
-#}
{% macro windows_of_flows(rule_id) -%}
with rules as (
    {{ rules_and_limits([rule_id]) }}
),

units as (
    select * from {{ reopened() }}
),

legs as (
    select
        transaction_id,
        booked_at,
        booked_date,
        business_date,
        receiver_key as subject_key,
        sender_key as counterparty_key,
        'in' as leg,
        amount_sek,
        _load_id
    from {{ ref('int_aml_edges__large') }}
    where is_receiver_own
    union all
    select
        transaction_id,
        booked_at,
        booked_date,
        business_date,
        sender_key as subject_key,
        receiver_key as counterparty_key,
        'out' as leg,
        amount_sek,
        _load_id
    from {{ ref('int_aml_edges__large') }}
    where is_sender_own
),

-- Read from the table, not from legs: a CTE that is used twice is stored apart, without statistics.
anchors as (
    select
        edges.transaction_id,
        edges.booked_at,
        edges.booked_date,
        edges.business_date,
        edges.sender_key as subject_key,
        edges.receiver_key as counterparty_key,
        edges.amount_sek,
        edges._load_id,
        rules.rule_id,
        rules.version,
        rules.scaled_floor_sek,
        rules.scaled_store_from,
        rules.store_from,
        rules.low_share,
        rules.high_share,
        -- Of one table, so that the index of the others is entered at it.
        edges.booked_at - rules.window_length as earliest_at
    from units
    cross join rules
    inner join {{ ref('int_aml_edges__large') }} as edges
        on
            {{ is_of_units('edges', 'sender_key') }}
            and rules.scaled_floor_sek <= edges.amount_sek
    where edges.is_sender_own
),

-- Every payment out with what went in and out in the window that it ends.
windows as (
    select
        anchors.rule_id,
        anchors.version,
        anchors.scaled_store_from,
        anchors.store_from,
        anchors.low_share,
        anchors.high_share,
        anchors.subject_key,
        anchors.booked_at as anchor_at,
        anchors.booked_date as anchor_date,
        anchors.transaction_id as anchor_id,
        anchors.business_date as anchor_business_date,
        anchors.counterparty_key as anchor_counterparty_key,
        anchors.amount_sek as anchor_amount_sek,
        anchors._load_id as anchor_load_id,
        legs.transaction_id,
        legs.booked_at,
        legs.business_date,
        legs.counterparty_key,
        legs.leg,
        legs.amount_sek,
        legs._load_id
    from anchors
    inner join legs
        on
            anchors.subject_key = legs.subject_key
            and legs.booked_at between anchors.earliest_at and anchors.booked_at
            and anchors.scaled_floor_sek <= legs.amount_sek
),
{%- endmacro %}
