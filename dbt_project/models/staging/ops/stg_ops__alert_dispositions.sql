select
    disposition_id,
    alert_id,
    rule_id,
    rule_version,
    outcome,
    reason,
    decided_at,
    decided_by
from {{ source('ops', 'alert_dispositions') }}
