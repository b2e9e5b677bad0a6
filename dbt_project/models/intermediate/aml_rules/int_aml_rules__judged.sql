{{ config(materialized='view') }}

-- One row per rule and version, with the newest decisions on its alerts counted.

with rules as (
    select * from {{ ref('aml_rules') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by alert_id
            order by disposition_id desc
        ) as recency
    from {{ ref('stg_ops__alert_dispositions') }}
),

decisions as (
    select * from ranked
    where recency = 1
),

reasons as (
    select
        rule_id,
        rule_version,
        reason,
        row_number() over (
            partition by rule_id, rule_version
            order by count(*) desc, reason
        ) as place
    from decisions
    where reason is not null
    group by rule_id, rule_version, reason
),

counts as (
    select
        rule_id,
        rule_version,
        count(*) filter (where outcome = 'confirmed') as confirmed_count,
        count(*) filter (where outcome = 'valuable') as valuable_count,
        count(*) filter (where outcome = 'false_positive') as false_positive_count
    from decisions
    group by rule_id, rule_version
)

select
    rules.rule_id,
    rules.version,
    rules.role,
    rules.status,
    rules.title,
    rules.threshold,
    rules.points,
    rules.measured,
    reasons.reason as main_false_positive_reason,
    coalesce(counts.confirmed_count, 0) as confirmed_count,
    coalesce(counts.valuable_count, 0) as valuable_count,
    coalesce(counts.false_positive_count, 0) as false_positive_count
from rules
left join counts
    on
        rules.rule_id = counts.rule_id
        and rules.version = counts.rule_version
left join reasons
    on
        rules.rule_id = reasons.rule_id
        and rules.version = reasons.rule_version
        and reasons.place = 1
