{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['_load_id'], 'type': 'brin'},
        {'columns': ['payment_id'], 'type': 'btree'},
    ],
    meta={'wanted': 'int_cash_loads__known'}
) }}

-- One row per line of a delivery of payments, and all that can be said of it without looking at
-- another line, the companies or the rates. A side without a country is no valid IBAN; what that
-- does to the line depends on the mode.

with sepa_lines as (
    select * from {{ ref('stg_cashflow__sepa') }}
    where {{ in_loads_to_build(ref('int_cash_loads__known')) }}
),

swift_lines as (
    select * from {{ ref('stg_cashflow__swift') }}
    where {{ in_loads_to_build(ref('int_cash_loads__known')) }}
),

-- The lookups stand here twice: a CTE that is used twice is stored apart, and keeps the whole pass
-- on one core.
sender_countries as (
    select country_code from {{ ref('countries') }}
    where source = 'ISO 3166-1'{{ " or country_code = 'XK'" if var('cashflow_xk_is_a_country') }}
),

beneficiary_countries as (
    select country_code from {{ ref('countries') }}
    where source = 'ISO 3166-1'{{ " or country_code = 'XK'" if var('cashflow_xk_is_a_country') }}
),

currencies as (
    select currency from {{ ref('currencies') }}
    where is_payment_currency
),

lines as (
    select
        'sepa' as rail,
        _load_id,
        _line_no,
        payment_id_raw,
        sender_raw,
        beneficiary_raw,
        amount_raw,
        currency_raw,
        time_raw
    from sepa_lines
    union all
    select
        'swift' as rail,
        _load_id,
        _line_no,
        payment_id_raw,
        sender_raw,
        beneficiary_raw,
        amount_raw,
        currency_raw,
        time_raw
    from swift_lines
),

read_lines as (
    select
        rail,
        _load_id,
        _line_no,
        amount_raw,
        currency_raw,
        time_raw,
        nullif({{ trimmed('payment_id_raw') }}, '') as payment_id,
        {{ account_value('sender_raw') }} as sender_account,
        {{ account_value('beneficiary_raw') }} as beneficiary_account,
        {{ cash_amount('amount_raw') }} as amount,
        {{ cash_instant('time_raw') }} as booked_at,
        upper({{ trimmed('currency_raw') }}) as currency_key
    from lines
    {{ evaluate_once() }}
),

recognised as (
    select
        read_lines.*,
        currencies.currency,
        sender_countries.country_code as sender_country,
        beneficiary_countries.country_code as beneficiary_country
    from read_lines
    left join currencies
        on read_lines.currency_key = currencies.currency
    left join sender_countries
        on left(read_lines.sender_account, 2) = sender_countries.country_code
    left join beneficiary_countries
        on left(read_lines.beneficiary_account, 2) = beneficiary_countries.country_code
)

select
    _load_id,
    _line_no,
    rail,
    payment_id,
    booked_at,
    cast({{ instant_at('booked_at', 'UTC') }} as date) as booked_date,
    amount,
    currency,
    sender_account,
    beneficiary_account,
    sender_country,
    beneficiary_country,
    -- What could not be read, so that two lines are not taken for the same that differ in it.
    {{ words([
        "case when amount is null then amount_raw end",
        "case when booked_at is null then time_raw end",
        "case when currency is null then currency_raw end",
    ]) }} as unread,
    {{ words([
        "case when payment_id is null then 'cash.id_missing' end",
        "case when booked_at is null then 'cash.time_unreadable' end",
        "case when amount is null then 'cash.amount_unreadable' end",
        "case when amount <= 0 then 'cash.amount_not_positive' end",
        "case
            when currency is not null then null
            when coalesce(currency_key, '') = '' then 'cash.currency_missing'
            else 'cash.currency_unknown'
        end",
    ]) }} as failures,
    {{ words([
        "case
            when sender_country is not null and not "
            ~ cash_iban_checksum_holds('sender_account') ~ " then 'cash.iban_checksum'
            when beneficiary_country is not null and not "
            ~ cash_iban_checksum_holds('beneficiary_account') ~ " then 'cash.iban_checksum'
        end",
        "case when rail = 'sepa' and currency <> 'EUR' then 'cash.sepa_not_eur' end",
    ]) }} as flags
from recognised
