{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'rule_id', 'outcome'],
    indexes=[{'columns': ['_load_id', 'rule_id', 'outcome'], 'unique': true}],
    meta={
        'wanted': 'int_transaction_loads__published',
        'adds': 'fct_transactions',
        'counts': ['line_count'],
    }
) }}

-- One row per published load and a rule that corrected or flagged lines which stand in the fact:
-- how many lines.

-- The transactions stand here twice: a CTE that is used twice is stored apart.
with transactions as (
    {{ rows_to_add(ref('fct_transactions'), ref('int_transaction_loads__published')) }}
),

corrected_rows as (
    {{ rows_to_add(ref('fct_transactions'), ref('int_transaction_loads__published')) }}
),

flagged as (
    select
        transactions._load_id,
        rules.rule_id,
        sum(transactions._sign) as line_count
    from transactions
    cross join lateral {{ unnest_array('transactions.flags') }} as rules (rule_id)
    where transactions.flags <> {{ empty_text_array() }}
    group by transactions._load_id, rules.rule_id
),

corrected as (
    select
        corrected_rows._load_id,
        rules.rule_id,
        sum(corrected_rows._sign) as line_count
    from corrected_rows
    -- A rule may have corrected two fields of a line; it counts once.
    cross join lateral {{ unnest_distinct('corrected_rows.corrections') }} as rules (rule_id)
    where corrected_rows.corrections <> {{ empty_text_array() }}
    group by corrected_rows._load_id, rules.rule_id
)

select
    _load_id,
    rule_id,
    'flagged' as outcome,
    line_count
from flagged
union all
select
    _load_id,
    rule_id,
    'corrected' as outcome,
    line_count
from corrected
