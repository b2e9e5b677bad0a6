-- A row is a transaction id of which more than one line stands in the fact. Ids that no other
-- line has cannot; of the others, those that came or changed lately are looked at.
with repeated_lines as (
    select * from {{ ref('int_transactions__repeated') }}
),

changed_ids as (
    select transaction_id from repeated_lines
    where {{ was_written_lately('int_transactions__repeated') }}
    union
    select transaction_id
    from {{ changes_of(ref('int_transactions__deduplicated')) }}
    where _changed_at > {{ lately() }}
),

standing_lines as (
    select
        changed_ids.transaction_id,
        facts._load_id,
        facts._line_no
    from changed_ids
    inner join repeated_lines
        on changed_ids.transaction_id = repeated_lines.transaction_id
    inner join lateral {{ line_of(ref('fct_transactions'), 'repeated_lines') }} as facts on true
)

select
    transaction_id,
    count(*) as accepted_count
from standing_lines
group by transaction_id
having count(*) > 1
