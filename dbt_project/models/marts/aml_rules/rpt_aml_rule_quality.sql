{{ config(materialized='view') }}

-- Grain: one row per rule and version: what investigators made of its alerts, beside what the rule
-- claims.

with rules as (
    select * from {{ ref('int_aml_rules__judged') }}
)

select
    rule_id,
    version,
    role,
    status,
    title,
    threshold,
    measured,
    confirmed_count,
    valuable_count,
    false_positive_count,
    cast(
        (confirmed_count + valuable_count)
        / nullif(cast(confirmed_count + valuable_count + false_positive_count as numeric), 0)
        as numeric(5, 4)
    ) as precision_share,
    main_false_positive_reason
from rules
