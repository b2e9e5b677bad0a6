{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[{'columns': ['_load_id', '_line_no'], 'unique': true}],
    meta={'wanted': 'int_cash_rate_loads__known'}
) }}

-- One row per line of a list of exchange rates: its two rates as they stand, and what is wrong with
-- it by itself.

with lines as (
    select * from {{ ref('stg_cashflow__rates') }}
    where {{ in_loads_to_build(ref('int_cash_rate_loads__known')) }}
),

currencies as (
    select * from {{ ref('currencies') }}
    where is_payment_currency
),

read_lines as (
    select
        lines._load_id,
        lines._line_no,
        currencies.currency,
        case
            when {{ matches('trim(lines.usd_rate_raw)', '^[0-9]{1,9}([.][0-9]{1,16})?$') }}
                then nullif({{ cast_as('trim(lines.usd_rate_raw)', 'numeric') }}, 0)
        end as usd_rate,
        case
            when {{ matches('trim(lines.eur_rate_raw)', '^[0-9]{1,9}([.][0-9]{1,16})?$') }}
                then nullif({{ cast_as('trim(lines.eur_rate_raw)', 'numeric') }}, 0)
        end as eur_rate
    from lines
    left join currencies
        on upper({{ trimmed('lines.currency_raw') }}) = currencies.currency
),

failed as (
    select
        *,
        case
            when currency is null then 'rate.currency_unknown'
            when usd_rate is null or eur_rate is null then 'rate.unreadable'
        end as own_failure
    from read_lines
),

numbered as (
    select
        *,
        row_number() over lines_of_the_currency as currency_line_number,
        first_value(usd_rate) over lines_of_the_currency as first_usd_rate,
        first_value(eur_rate) over lines_of_the_currency as first_eur_rate
    from failed
    window lines_of_the_currency as (
        partition by _load_id, currency, own_failure
        order by _line_no
    )
)

select
    _load_id,
    _line_no,
    currency,
    usd_rate,
    eur_rate,
    case
        when own_failure is not null then own_failure
        when currency_line_number = 1 then null
        when usd_rate = first_usd_rate and eur_rate = first_eur_rate then 'rate.redelivery'
        else 'rate.conflict'
    end as failure
from numbered
