select
    load_id,
    feed,
    file_name,
    business_date,
    line_count,
    malformed_count,
    status,
    started_at,
    finished_at
from {{ source('ops', 'loads') }}
