{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'rule_id', 'outcome'],
    meta={'wanted': 'int_loads__resolved'}
) }}

-- Grain: one row per load, rule and what the rule did. Held loads are here too: this is where one
-- sees why.

with loads as (
    select * from {{ ref('int_loads__resolved') }}
    where {{ in_loads_to_build(ref('int_loads__resolved'), 'load_id') }}
),

excluded as (
    select * from {{ ref('int_transactions__excluded') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
),

register_lines as (
    select * from {{ ref('int_customers__judged') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
),

rejections as (
    select * from {{ ref('fct_rejections') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
),

corrections as (
    select * from {{ ref('fct_corrections') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
),

cashflow_rules as (
    select * from {{ ref('int_cash_load_rules__counted') }}
    where {{ in_loads_to_build(ref('int_loads__resolved')) }}
),

transactions as (
    select
        _load_id,
        flags
    from {{ ref('fct_transactions') }}
    where
        flags <> {{ empty_text_array() }}
        and {{ in_loads_to_build(ref('int_loads__resolved')) }}
),

rules_met as (
    select
        excluded._load_id,
        excluded.outcome,
        rules.rule_id,
        count(*) as line_count
    from excluded
    cross join lateral {{ unnest_array('excluded.rule_ids') }} as rules (rule_id)
    group by excluded._load_id, excluded.outcome, rules.rule_id
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
        outcome,
        'rate.date_unreadable' as rule_id,
        count(*) as line_count
    from rejections
    where {{ array_has('rule_ids', "'rate.date_unreadable'") }}
    group by _load_id, outcome
    union all
    select
        _load_id,
        'corrected' as outcome,
        rule_id,
        count(distinct _line_no) as line_count
    from corrections
    group by _load_id, rule_id
    union all
    select
        transactions._load_id,
        'flagged' as outcome,
        rules.rule_id,
        count(*) as line_count
    from transactions
    cross join lateral {{ unnest_array('transactions.flags') }} as rules (rule_id)
    group by transactions._load_id, rules.rule_id
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
    rules_met.line_count,
    cast(rules_met.line_count / cast(loads.line_count as numeric) as numeric(9, 6)) as share
from rules_met
inner join loads
    on rules_met._load_id = loads.load_id
