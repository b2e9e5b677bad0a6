{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[
        {'columns': ['sender_company_id', 'booked_date'], 'type': 'btree'},
        {'columns': ['beneficiary_company_id', 'booked_date'], 'type': 'btree'},
    ],
    meta={'wanted': 'int_cash_loads__published'}
) }}

-- Grain: one row per line of a published load of payments that counts nowhere: quarantined, or the
-- redelivery of another.

with excluded as (
    select * from {{ ref('int_cash_transactions__settled') }}
    where
        outcome <> 'accepted'
        and {{ in_loads_to_build(ref('int_cash_loads__published')) }}
),

lines as (
    select * from {{ ref('int_cash_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
),

rates as (
    select * from {{ ref('int_cash_load_rates__attached') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
),

accounts as (
    select * from {{ ref('int_company_accounts__current') }}
),

sepa_lines as (
    select
        _load_id,
        _line_no,
        raw
    from {{ ref('stg_cashflow__sepa') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
),

swift_lines as (
    select
        _load_id,
        _line_no,
        raw
    from {{ ref('stg_cashflow__swift') }}
    where {{ in_loads_to_build(ref('int_cash_loads__published')) }}
)

select
    excluded._load_id,
    excluded._line_no,
    excluded.outcome,
    excluded.rule_ids,
    lines.rail,
    lines.payment_id,
    lines.booked_date,
    lines.sender_account,
    lines.beneficiary_account,
    senders.company_id as sender_company_id,
    beneficiaries.company_id as beneficiary_company_id,
    cast(lines.amount as numeric(24, 4)) as amount,
    lines.currency,
    cast({{ round_half_even('lines.amount * rates.eur_rate') }} as numeric(22, 2)) as amount_eur,
    cast({{ round_half_even('lines.amount * rates.usd_rate') }} as numeric(22, 2)) as amount_usd,
    coalesce(sepa_lines.raw, swift_lines.raw) as raw
from excluded
inner join lines
    on
        excluded._load_id = lines._load_id
        and excluded._line_no = lines._line_no
left join rates
    on
        lines._load_id = rates._load_id
        and lines.currency = rates.currency
        and lines.booked_date = rates.booked_date
left join accounts as senders
    on lines.sender_account = senders.account
left join accounts as beneficiaries
    on lines.beneficiary_account = beneficiaries.account
left join sepa_lines
    on
        excluded._load_id = sepa_lines._load_id
        and excluded._line_no = sepa_lines._line_no
left join swift_lines
    on
        excluded._load_id = swift_lines._load_id
        and excluded._line_no = swift_lines._line_no
