{{ config(materialized='view') }}

-- One row per hit that reaches its rule's threshold, under the alert that it belongs to: the first
-- hit of a thread opens the alert, and those that follow within the rule's window go on with it.
-- Thresholds are read here, so that they can move without any rule running again.

with hits as (
    select * from {{ ref('int_aml_hits__united') }}
),

rules as (
    select
        *,
        cast(ceil(coalesce(window_minutes, 0) / 1440.0) as integer) as window_days
    from {{ ref('aml_rules') }}
    where
        role = 'alert'
        and status <> 'draft'
),

reached as (
    select
        hits.*,
        rules.window_days,
        case rules.status when 'shadow' then 'shadow' else 'live' end as standing,
        {{ fingerprint(
            "concat_ws('/', hits.rule_id, hits.version, hits.subject_key,"
            ~ " case hits.anchor when 'day' then cast(hits.alert_date as text)"
            ~ " else cast(hits.transaction_id as text) end)"
        ) }} as hit_id,
        lag(hits.alert_date) over hits_of_thread as last_alert_date
    from hits
    inner join rules
        on
            hits.rule_id = rules.rule_id
            and hits.version = rules.version
            and hits.value >= rules.threshold * case
                when rules.unit like 'SEK %' then {{ var('aml_floor_scale') }} else 1
            end
    where
        rules.status = 'shadow'
        or (
            hits.known_date >= rules.live_from
            and (rules.live_to is null or hits.known_date < rules.live_to)
        )
    window hits_of_thread as (
        partition by hits.rule_id, hits.version, hits.thread
        order by hits.alert_date, hits.alert_at, hits.transaction_id
    )
),

numbered as (
    select
        *,
        sum(case when alert_date - last_alert_date <= window_days then 0 else 1 end) over (
            partition by rule_id, version, thread
            order by alert_date, alert_at, transaction_id
        ) as alert_number
    from reached
)

select
    hit_id,
    standing,
    rule_id,
    version,
    subject_key,
    alert_date,
    known_date,
    alert_at,
    transaction_id,
    window_start_at,
    value,
    amount_in_sek,
    amount_out_sek,
    transaction_count,
    counterparty_count,
    finding,
    measure,
    quantity,
    evidence,
    _load_id,
    first_value(hit_id) over hits_of_alert as alert_id,
    row_number() over hits_of_alert as place,
    count(*) over (partition by rule_id, version, thread, alert_number) as hit_count,
    max(alert_at) over (partition by rule_id, version, thread, alert_number) as last_hit_at
from numbered
window hits_of_alert as (
    partition by rule_id, version, thread, alert_number
    order by alert_date, alert_at, transaction_id
)
