{{ config(
    materialized='by_load',
    unique_key=['transaction_id', 'listed_side', 'country_code'],
    indexes=[
        {'columns': ['transaction_id', 'listed_side', 'country_code'], 'unique': true},
        {'columns': ['_load_id', '_line_no'], 'type': 'btree'},
    ],
    meta={'wanted': 'int_transaction_loads__published', 'follows': ['fct_transactions']},
    pre_hook="{{ start_anew_where_settings_changed(settings_of_listing()) }}"
) }}

-- One row per published payment, side and country that was ever on a list of jurisdictions, told
-- by the country of the line or by the first letters of the account. Whether the list held on the
-- day is for the rule to say.

with listed_countries as (
    select distinct country_code from {{ ref('aml_jurisdictions') }}
),

-- Few payments: found by a lookup of each side, and joined with their countries afterwards.
transactions as (
    select * from {{ ref('fct_transactions') }}
    where
        {{ in_loads_to_build(ref('int_transaction_loads__published')) }}
        and (
            sender_country in (select listed.country_code from listed_countries as listed)
            or receiver_country in (select listed.country_code from listed_countries as listed)
            or left(sender_account, 2) in (
                select listed.country_code from listed_countries as listed
            )
            or left(receiver_account, 2) in (
                select listed.country_code from listed_countries as listed
            )
        )
),

sides as (
    select
        *,
        'sender' as listed_side,
        sender_country as line_country,
        left(sender_account, 2) as account_country
    from transactions
    union all
    select
        *,
        'receiver' as listed_side,
        receiver_country as line_country,
        left(receiver_account, 2) as account_country
    from transactions
)

select
    sides.transaction_id,
    sides.listed_side,
    listed_countries.country_code,
    case
        when sides.line_country = listed_countries.country_code then 'country of the line'
        else 'account number'
    end as told_by,
    sides.booked_at,
    sides.booked_date,
    sides.direction,
    sides.amount,
    sides.currency,
    sides.amount_sek,
    {{ account_key('sides.own_account') }} as subject_key,
    {{ account_key('sides.sender_account') }} as sender_key,
    sides.business_date,
    sides._load_id,
    sides._line_no
from sides
inner join listed_countries
    on
        sides.line_country = listed_countries.country_code
        or sides.account_country = listed_countries.country_code
