select
    suppression_id,
    rule_id,
    subject_account,
    from_date,
    until_date,
    why,
    decided_at,
    decided_by
from {{ source('ops', 'rule_suppressions') }}
