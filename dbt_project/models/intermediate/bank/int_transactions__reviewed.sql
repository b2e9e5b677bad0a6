{{ config(indexes=[{'columns': ['_load_id', '_line_no'], 'unique': true}]) }}

{%- set set_columns = [] -%}
{%- for column in reviewable_columns() -%}
    {%- do set_columns.append(
        "case when " ~ json_text('decisions.set_values', column) ~ " is not null"
        ~ " then '" ~ column ~ "' end"
    ) -%}
{%- endfor %}

-- One row per line of transactions that two persons settled, with what they decided: a text for
-- each column that they set, and the rules that the line may break because they accepted it. A
-- table: the whole build works on the decisions that stood at its start.

with decisions as (
    select * from {{ ref('stg_ops__review_decisions') }}
),

loads as (
    select * from {{ ref('int_loads__known') }}
    where feed = 'bank_transactions'
),

rules as (
    select * from {{ ref('rules') }}
),

waivable as (
    select {{ words_of('rule_id') }} as rule_ids from rules
    where review = 'waive'
)

select
    decisions._load_id,
    decisions._line_no,
    decisions.decision_id,
    decisions.verdict = 'accept' as is_accepted,
    {% for column in reviewable_columns() -%}
        {{ json_text('decisions.set_values', column) }} as set_{{ column }},
    {% endfor -%}
    {{ words(set_columns) }} as set_columns,
    case when decisions.verdict = 'accept' then waivable.rule_ids end as waived_rule_ids
from decisions
inner join loads
    on decisions._load_id = loads.load_id
cross join waivable
