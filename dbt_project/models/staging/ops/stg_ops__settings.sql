select
    name,
    value
from {{ source('ops', 'settings') }}
