{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'rule_id', 'outcome'],
    meta={'wanted': 'int_loads__told'}
) }}

-- Grain: one row per load, rule and what the rule did. Held loads are here too: this is where one
-- sees why.

with loads as (
    select * from {{ ref('int_loads__resolved') }}
    where {{ in_loads_to_build(ref('int_loads__told'), 'load_id') }}
),

rejections as (
    select * from {{ ref('int_load_rejections__counted') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
),

repeats as (
    select * from {{ ref('int_load_repeats__counted') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
),

rules_of_transactions as (
    select * from {{ ref('int_load_rules__met') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
),

register_lines as (
    select * from {{ ref('int_customers__judged') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
),

fx_counts as (
    select * from {{ ref('int_fx_loads__counted') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
),

cashflow_rules as (
    select * from {{ ref('int_cash_load_rules__counted') }}
    where {{ in_loads_to_build(ref('int_loads__told')) }}
),

rules_met as (
    select
        rejections._load_id,
        'rejected' as outcome,
        rules.rule_id,
        sum(rejections.line_count) as line_count
    from rejections
    cross join lateral {{ unnest_array('rejections.rule_ids') }} as rules (rule_id)
    group by rejections._load_id, rules.rule_id
    union all
    select
        _load_id,
        outcome,
        case outcome when 'duplicate' then 'duplicate.exact' else 'id.conflict' end as rule_id,
        sum(line_count) as line_count
    from repeats
    group by _load_id, outcome
    union all
    select
        _load_id,
        outcome,
        rule_id,
        line_count
    from rules_of_transactions
    union all
    select
        _load_id,
        outcome,
        failure as rule_id,
        count(*) as line_count
    from register_lines
    where failure is not null
    group by _load_id, outcome, failure
    union all
    select
        _load_id,
        'corrected' as outcome,
        account_correction as rule_id,
        count(*) as line_count
    from register_lines
    where outcome = 'accepted' and account_correction is not null
    group by _load_id, account_correction
    union all
    select
        register_lines._load_id,
        'flagged' as outcome,
        rules.rule_id,
        count(*) as line_count
    from register_lines
    cross join lateral {{ unnest_array('register_lines.flags') }} as rules (rule_id)
    where register_lines.outcome = 'accepted'
    group by register_lines._load_id, rules.rule_id
    union all
    select
        _load_id,
        'rejected' as outcome,
        'rate.date_unreadable' as rule_id,
        rejected_count as line_count
    from fx_counts
    where rejected_count > 0
    union all
    select
        _load_id,
        outcome,
        rule_id,
        line_count
    from cashflow_rules
    union all
    select
        load_id as _load_id,
        'malformed' as outcome,
        'line.malformed' as rule_id,
        malformed_count as line_count
    from loads
    where malformed_count > 0
)

select
    rules_met._load_id,
    rules_met.rule_id,
    rules_met.outcome,
    cast(rules_met.line_count as bigint) as line_count,
    cast(rules_met.line_count / cast(loads.line_count as numeric) as numeric(9, 6)) as share
from rules_met
inner join loads
    on rules_met._load_id = loads.load_id
