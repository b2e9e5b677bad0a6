-- A row is a load, written lately, whose account movements count other payments than the fact does.
-- Internal payments count twice.
with movements as (
    select
        _load_id,
        sum(incoming_count + outgoing_count) as moved_count
    from {{ ref('fct_account_movements') }}
    where {{ was_written_lately('fct_transactions') }}
    group by _load_id
),

transactions as (
    {{ rows_of_loads(ref('fct_transactions'), loads_written_lately('fct_transactions')) }}
),

totals as (
    select
        _load_id,
        count(*) + count(*) filter (where direction = 'internal') as side_count
    from transactions
    group by _load_id
)

select
    totals._load_id,
    totals.side_count,
    movements.moved_count
from totals
left join movements
    on totals._load_id = movements._load_id
where movements.moved_count is distinct from totals.side_count
