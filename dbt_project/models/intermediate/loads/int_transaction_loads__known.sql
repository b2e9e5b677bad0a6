{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per load of transactions that stands. The version differs where lines are judged anew:
-- here, where two persons decided something about one of them.

with loads as (
    select * from {{ ref('int_loads__known') }}
),

reviewed as (
    select
        _load_id,
        {{ fingerprint_of_rows('cast(decision_id as text)', 'decision_id') }}
            as decisions_fingerprint
    from {{ ref('int_transactions__reviewed') }}
    group by _load_id
)

select
    loads.load_id,
    loads.business_date,
    loads.line_count,
    loads.malformed_count,
    loads.version || coalesce('/' || reviewed.decisions_fingerprint, '') as version
from loads
left join reviewed
    on loads.load_id = reviewed._load_id
where loads.feed = 'bank_transactions'
