-- No CTE: Postgres sees through a plain view, and works out its columns only for the lines that a
-- join keeps.
select
    _load_id,
    _line_no,
    transaction_id as transaction_id_raw,
    "timestamp" as timestamp_raw,
    amount as amount_raw,
    currency as currency_raw,
    sender_account as sender_account_raw,
    receiver_account as receiver_account_raw,
    sender_country as sender_country_raw,
    receiver_country as receiver_country_raw,
    transaction_type as transaction_type_raw,
    nullif({{ trimmed('sender_municipality') }}, '') as sender_municipality,
    nullif({{ trimmed('receiver_municipality') }}, '') as receiver_municipality,
    nullif({{ trimmed('notes') }}, '') as note,
    {{ json_object([
        'transaction_id',
        'timestamp',
        'amount',
        'currency',
        'sender_account',
        'receiver_account',
        'sender_country',
        'sender_municipality',
        'receiver_country',
        'receiver_municipality',
        'transaction_type',
        'notes',
        '_extra',
    ]) }} as raw
from {{ source('bank', 'raw_bank_transactions') }}
