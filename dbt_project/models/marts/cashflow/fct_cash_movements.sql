{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no', 'leg'],
    indexes=[{'columns': ['company_id', 'booked_date'], 'type': 'btree'}],
    meta={'wanted': 'int_cash_loads__published'}
) }}

-- Grain: one row per valid transfer and account of a known company that it moves: a debit leg where
-- the payer is known, a credit leg where the payee is. Debits are negative, so that a transfer
-- between two known accounts adds up to 0.

with lines as (
    select * from {{ ref('int_cash_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
),

settled as (
    select * from {{ ref('int_cash_transactions__settled') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
),

rates as (
    select * from {{ ref('int_cash_load_rates__attached') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
),

sender_accounts as (
    select * from {{ ref('int_company_accounts__current') }}
),

beneficiary_accounts as (
    select * from {{ ref('int_company_accounts__current') }}
),

-- An account that is no valid IBAN is nobody's, whatever a list says.
transfers as (
    select
        lines._load_id,
        lines._line_no,
        lines.rail,
        lines.payment_id,
        lines.booked_at,
        lines.booked_date,
        lines.amount,
        lines.currency,
        lines.sender_account,
        lines.beneficiary_account,
        lines.sender_country,
        lines.beneficiary_country,
        case
            when lines.sender_country is not null then sender_accounts.company_id
        end as sender_company_id,
        case
            when lines.beneficiary_country is not null then beneficiary_accounts.company_id
        end as beneficiary_company_id,
        {{ round_half_even('lines.amount * rates.eur_rate') }} as amount_eur,
        {{ round_half_even('lines.amount * rates.usd_rate') }} as amount_usd,
        coalesce(settled.flags, {{ empty_text_array() }}) as flags
    from lines
    inner join rates
        on
            lines._load_id = rates._load_id
            and lines.currency = rates.currency
            and lines.booked_date = rates.booked_date
    left join settled
        on
            lines._load_id = settled._load_id
            and lines._line_no = settled._line_no
    left join sender_accounts
        on lines.sender_account = sender_accounts.account
    left join beneficiary_accounts
        on lines.beneficiary_account = beneficiary_accounts.account
    where coalesce(settled.outcome, 'accepted') = 'accepted'
    {{ evaluate_once() }}
)

select
    transfers._load_id,
    transfers._line_no,
    legs.leg,
    legs.company_id,
    transfers.booked_date,
    transfers.booked_at,
    transfers.rail,
    transfers.payment_id,
    legs.account,
    legs.counterparty_account,
    legs.counterparty_company_id,
    legs.counterparty_country,
    cast(transfers.amount as numeric(24, 4)) as amount,
    transfers.currency,
    cast(legs.sign * transfers.amount_eur as numeric(22, 2)) as movement_amount_eur,
    cast(legs.sign * transfers.amount_usd as numeric(22, 2)) as movement_amount_usd,
    transfers.flags
from transfers
inner join lateral (
    values
    (
        'debit',
        -1,
        transfers.sender_company_id,
        transfers.sender_account,
        transfers.beneficiary_account,
        transfers.beneficiary_company_id,
        transfers.beneficiary_country
    ),
    (
        'credit',
        1,
        transfers.beneficiary_company_id,
        transfers.beneficiary_account,
        transfers.sender_account,
        transfers.sender_company_id,
        transfers.sender_country
    )
) as legs (
    leg,
    sign,
    company_id,
    account,
    counterparty_account,
    counterparty_company_id,
    counterparty_country
) on true
where legs.company_id is not null
