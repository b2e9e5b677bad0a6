select
    load_id as _load_id,
    line_no as _line_no,
    reason
from {{ source('ops', 'malformed_lines') }}
