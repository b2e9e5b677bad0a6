-- No CTE: Postgres sees through a plain view, and works out its columns only for the lines that a
-- join keeps.
select
    _load_id,
    _line_no,
    currency as currency_raw,
    usd_rate as usd_rate_raw,
    eur_rate as eur_rate_raw,
    {{ json_object([
        'currency',
        'usd_rate',
        'eur_rate',
        '_extra',
    ]) }} as raw
from {{ source('cashflow', 'raw_cashflow_rates') }}
