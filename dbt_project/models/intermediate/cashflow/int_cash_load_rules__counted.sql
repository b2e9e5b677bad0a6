{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'rule_id', 'outcome'],
    indexes=[{'columns': ['_load_id', 'rule_id', 'outcome'], 'unique': true}],
    meta={'wanted': 'int_cashflow_loads__resolved'}
) }}

-- One row per load of any cashflow feed, rule and what it did to lines. Held loads are here too.

with settled as (
    select * from {{ ref('int_cash_transactions__settled') }}
    where {{ in_loads_to_build(ref('int_cashflow_loads__resolved')) }}
),

companies as (
    select * from {{ ref('int_companies__judged') }}
    where {{ in_loads_to_build(ref('int_cashflow_loads__resolved')) }}
),

rates as (
    select * from {{ ref('int_cash_rates__judged') }}
    where {{ in_loads_to_build(ref('int_cashflow_loads__resolved')) }}
),

compared_rates as (
    select * from {{ ref('int_cash_rates__compared') }}
    where {{ in_loads_to_build(ref('int_cashflow_loads__resolved')) }}
),

rules_met as (
    select
        settled._load_id,
        settled._line_no,
        settled.outcome,
        rules.rule_id
    from settled
    cross join lateral {{ unnest_array('settled.rule_ids') }} as rules (rule_id)
    union all
    select
        settled._load_id,
        settled._line_no,
        'flagged' as outcome,
        rules.rule_id
    from settled
    cross join lateral {{ unnest_array('settled.flags') }} as rules (rule_id)
    union all
    select
        _load_id,
        _line_no,
        outcome,
        failure as rule_id
    from companies
    where failure is not null
    union all
    select
        companies._load_id,
        companies._line_no,
        'flagged' as outcome,
        rules.rule_id
    from companies
    cross join lateral {{ unnest_array('companies.flags') }} as rules (rule_id)
    where companies.outcome = 'accepted'
    union all
    select
        _load_id,
        _line_no,
        case when failure = 'rate.redelivery' then 'duplicate' else 'rejected' end as outcome,
        failure as rule_id
    from rates
    where failure is not null
    union all
    select
        _load_id,
        _line_no,
        'rejected' as outcome,
        'rate.off_market' as rule_id
    from compared_rates
    where is_off
)

select
    _load_id,
    rule_id,
    outcome,
    count(*) as line_count
from rules_met
group by _load_id, rule_id, outcome
