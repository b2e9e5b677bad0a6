{#-
    The last CTEs of a rule about an account's day (payments ... described): the rows of its CTE
    `found`, each with the payments of that account on that day as evidence.
-#}
{% macro evidence_of_days() -%}
payments as (
    select
        found.rule_id,
        found.version,
        found.account_key as subject_key,
        found.movement_date,
        edges.transaction_id,
        edges.booked_at,
        edges.business_date,
        case edges.sender_key when found.account_key then 'out' else 'in' end as leg,
        case edges.sender_key
            when found.account_key
                then edges.receiver_key
            else edges.sender_key
        end as counterparty_key
    from found
    inner join lateral (
        select distinct of_day._load_id
        from {{ ref('fct_account_movements') }} as of_day
        where
            of_day.own_account = found.own_account
            and of_day.movement_date = found.movement_date
        {{ evaluate_once() }}
    ) as movements on true
    inner join lateral (
        select of_account.*
        from {{ ref('int_aml_edges__keyed') }} as of_account
        where
            of_account._load_id = movements._load_id
            and of_account.booked_date = found.movement_date
            and (
                of_account.sender_key = found.account_key
                or of_account.receiver_key = found.account_key
            )
        {{ evaluate_once() }}
    ) as edges on true
),

evidence as (
    select
        rule_id,
        version,
        subject_key,
        movement_date,
        min(booked_at) as window_start_at,
        max(booked_at) as alert_at,
        max(business_date) as known_date,
        count(distinct counterparty_key) as counterparty_count,
        {{ words_of_rows(
            evidence_word('leg', '1', 'transaction_id'), 'booked_at, transaction_id'
        ) }} as evidence
    from payments
    group by rule_id, version, subject_key, movement_date
),

described as (
    select
        found.*,
        evidence.window_start_at,
        evidence.alert_at,
        evidence.known_date,
        evidence.counterparty_count,
        evidence.evidence,
        cast(
            right(evidence.evidence, 36) as uuid
        ) as transaction_id
    from found
    inner join evidence
        on
            found.rule_id = evidence.rule_id
            and found.version = evidence.version
            and found.account_key = evidence.subject_key
            and found.movement_date = evidence.movement_date
)
{%- endmacro %}
