{{ config(materialized='view') }}

-- Grain: one row per bank day, rule and version with alerts: what the day gave the investigators.

with live_alerts as (
    select * from {{ ref('fct_alerts') }}
),

shadow_alerts as (
    select * from {{ ref('fct_shadow_alerts') }}
),

alerts as (
    select
        known_date,
        rule_id,
        version,
        typology,
        1 as alert_count,
        case when is_suppressed then 1 else 0 end as suppressed_count,
        case when disposition is null then 0 else 1 end as decided_count,
        0 as shadow_count,
        subject_account,
        amount_in_sek + amount_out_sek as amount_sek
    from live_alerts
    union all
    select
        known_date,
        rule_id,
        version,
        typology,
        0 as alert_count,
        0 as suppressed_count,
        0 as decided_count,
        1 as shadow_count,
        cast(null as text) as subject_account,
        0 as amount_sek
    from shadow_alerts
)

select
    known_date,
    rule_id,
    version,
    typology,
    cast(sum(amount_sek) as numeric(22, 2)) as amount_sek,
    sum(alert_count) as alert_count,
    sum(suppressed_count) as suppressed_count,
    sum(decided_count) as decided_count,
    sum(shadow_count) as shadow_count,
    count(distinct subject_account) as subject_count
from alerts
group by known_date, rule_id, version, typology
