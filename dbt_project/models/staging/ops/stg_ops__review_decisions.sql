select
    load_id as _load_id,
    line_no as _line_no,
    decision_id,
    verdict,
    set_values,
    why,
    proposed_by,
    decided_by,
    decided_at
from {{ source('ops', 'review_standing') }}
