-- No CTE: Postgres sees through a plain view, and works out its columns only for the lines that a
-- join keeps.
select
    _load_id,
    _line_no,
    company_id as company_id_raw,
    ibans as ibans_raw,
    balance as balance_raw,
    nullif({{ trimmed('name') }}, '') as company_name,
    nullif({{ trimmed('owner') }}, '') as owner_name,
    nullif({{ trimmed('address') }}, '') as address,
    {{ json_object([
        'company_id',
        'name',
        'owner',
        'address',
        'ibans',
        'balance',
        '_extra',
    ]) }} as raw
from {{ source('cashflow', 'raw_cashflow_companies') }}
