-- A row is a load that is held: none of its lines are in a mart. gate_reason says why and what to
-- do; once the cause is mended, the next build publishes it, without loading it again.
select
    _load_id,
    feed,
    file_name,
    gate_reason
from {{ ref('rpt_load_reconciliation') }}
where gate = 'held'
