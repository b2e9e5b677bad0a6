{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency', 'rule_ids'],
    indexes=[{'columns': ['_load_id', 'currency', 'rule_ids'], 'unique': true}],
    meta={
        'wanted': 'int_transaction_loads__registered',
        'adds': 'int_transactions__rejected',
        'counts': ['line_count'],
    }
) }}

-- One row per load, currency (empty where none can be read) and a set of rules that reject lines
-- together: how many lines, and their sum.

with rejected as (
    {{ rows_to_add(
        ref('int_transactions__rejected'), ref('int_transaction_loads__registered')
    ) }}
)

select
    _load_id,
    rule_ids,
    coalesce(currency, '') as currency,
    sum(_sign) as line_count,
    coalesce(sum(_sign) filter (where amount is not null and currency is not null), 0)
        as amount_count,
    coalesce(sum(_sign * amount) filter (where currency is not null), 0) as amount
from rejected
group by _load_id, coalesce(currency, ''), rule_ids
