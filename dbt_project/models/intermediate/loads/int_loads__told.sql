{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load: the version of what the reports say of it. It differs whenever a number in them
-- does.

with loads as (
    select * from {{ ref('int_loads__resolved') }}
),

totals as (
    select
        _load_id,
        {{ fingerprint_of_rows(
            "concat_ws('/', currency, accepted_count, accepted_amount, converted_count,"
            ~ " converted_amount_sek, corrected_count)",
            'currency'
        ) }} as totals_fingerprint
    from {{ ref('int_load_currency_totals__summed') }}
    group by _load_id
),

rejections as (
    select
        _load_id,
        {{ fingerprint_of_rows(
            "concat_ws('/', currency, " ~ array_text('rule_ids') ~ ", line_count)",
            'currency, rule_ids'
        ) }} as rejections_fingerprint
    from {{ ref('int_load_rejections__counted') }}
    group by _load_id
),

rules as (
    select
        _load_id,
        {{ fingerprint_of_rows(
            "concat_ws('/', rule_id, outcome, line_count)", 'rule_id, outcome'
        ) }} as rules_fingerprint
    from {{ ref('int_load_rules__met') }}
    group by _load_id
)

select
    loads.load_id,
    {{ fingerprint(
        "concat_ws('/', loads.version, loads.gate, loads.gate_reason, loads.judged_count, loads.rejected_count,"
        ~ " loads.duplicate_count, loads.difference_count,"
        ~ " coalesce(totals.totals_fingerprint, '-'),"
        ~ " coalesce(rejections.rejections_fingerprint, '-'),"
        ~ " coalesce(rules.rules_fingerprint, '-'))"
    ) }} as version
from loads
left join totals
    on loads.load_id = totals._load_id
left join rejections
    on loads.load_id = rejections._load_id
left join rules
    on loads.load_id = rules._load_id
