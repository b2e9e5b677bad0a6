{{ config(
    materialized='by_load',
    unique_key=['_load_id', 'currency'],
    indexes=[{'columns': ['_load_id', 'currency'], 'unique': true}],
    meta={
        'wanted': 'int_transaction_loads__published',
        'adds': 'fct_transactions',
        'counts': ['accepted_count'],
    }
) }}

-- One row per published load and currency: what stands in the fact.

with transactions as (
    {{ rows_to_add(ref('fct_transactions'), ref('int_transaction_loads__published')) }}
)

select
    _load_id,
    currency,
    sum(_sign) as accepted_count,
    sum(_sign * amount) as accepted_amount,
    coalesce(sum(_sign) filter (where amount_sek is not null), 0) as converted_count,
    coalesce(sum(_sign * amount_sek), 0) as converted_amount_sek,
    coalesce(sum(_sign) filter (where corrections <> {{ empty_text_array() }}), 0)
        as corrected_count
from transactions
group by _load_id, currency
