-- No CTE: Postgres sees through a plain view, and works out its columns only for the lines that a
-- join keeps.
select
    _load_id,
    _line_no,
    "date" as rate_date_raw,
    case
        when {{ is_castable('"date"', 'date') }} then {{ cast_as('"date"', 'date') }}
    end as rate_date,
    -- The file is wide, one column a currency: {"USD": "1.0823", ...}, units for one euro.
    _extra as units_per_eur,
    {{ json_object([
        'date',
        '_extra',
    ]) }} as raw
from {{ source('fx', 'raw_fx_rates') }}
