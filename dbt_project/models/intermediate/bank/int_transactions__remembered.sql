{{ config(indexes=[
    {'columns': ['first_load_id', 'first_line_no'], 'unique': true},
    {'columns': ['transaction_id'], 'type': 'btree'},
]) }}

-- One row per line that was purged and bore an id that stands on lines that remain: they are
-- compared with it as before. Of its content nothing is kept but that a line that remains says the
-- same.

with repeated as (
    select * from {{ ref('int_transactions__repeated') }}
)

select
    kept.first_load_id,
    kept.first_line_no,
    kept.transaction_id,
    coalesce(
        max(repeated.content_fingerprint) filter (where kept.has_same_content), 'purged'
    ) as content_fingerprint
from {{ kept_repeats() }} as kept
left join repeated
    on
        kept.transaction_id = repeated.transaction_id
        and kept.load_id = repeated._load_id
        and kept.line_no = repeated._line_no
group by kept.first_load_id, kept.first_line_no, kept.transaction_id
