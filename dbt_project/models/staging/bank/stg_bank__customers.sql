-- No CTE: Postgres sees through a plain view, and works out its columns only for the lines that a
-- join keeps.
select
    _load_id,
    _line_no,
    bank_account as account_raw,
    personnummer as personnummer_raw,
    nullif({{ trimmed('customer') }}, '') as customer_name,
    nullif({{ trimmed('address') }}, '') as address,
    nullif({{ trimmed('phone') }}, '') as phone,
    nullif({{ trimmed('personnummer') }}, '') as personnummer,
    {{ json_object([
        'customer',
        'address',
        'phone',
        'personnummer',
        'bank_account',
        '_extra',
    ]) }} as raw
from {{ source('bank', 'raw_bank_customers') }}
