{{ config(materialized='view') }}

-- Grain: one row per alert and payment of its evidence, with its role and hop. Live and shadow
-- alerts; the payments of every hit of an alert, so that a pattern that goes on is whole.

with hits as (
    select * from {{ ref('int_aml_hits__grouped') }}
),

evidence as (
    select
        hits.alert_id,
        hits.rule_id,
        hits.standing,
        cast({{ evidence_part('words.word', 3) }} as uuid) as transaction_id,
        {{ evidence_part('words.word', 1) }} as role,
        cast({{ evidence_part('words.word', 2) }} as integer) as hop
    from hits
    cross join lateral {{ unnest_array(words_as_array('hits.evidence')) }} as words (word)
)

select
    alert_id,
    transaction_id,
    rule_id,
    min(standing) as standing,
    min(role) as role,
    min(hop) as hop
from evidence
group by alert_id, transaction_id, rule_id
