{{ config(materialized='view') }}

-- One row per rule and payment with a country that was on its list on the day of the payment.

with rules as (
    select
        *,
        replace(rule_id, '_list', '') as list_name
    from {{ ref('aml_rules') }}
    where
        rule_id in ('black_list', 'grey_list')
        and status <> 'draft'
),

jurisdictions as (
    select * from {{ ref('aml_jurisdictions') }}
),

countries as (
    select * from {{ ref('countries') }}
),

payments as (
    select * from {{ ref('int_aml_payments__listed') }}
),

ranked as (
    select
        payments.*,
        rules.rule_id,
        rules.version,
        countries.name as country_name,
        jurisdictions.list,
        jurisdictions.valid_from,
        payments.business_date as known_date,
        row_number() over (
            partition by rules.rule_id, rules.version, payments.transaction_id
            order by
                case payments.told_by when 'country of the line' then 1 else 2 end,
                payments.country_code,
                payments.listed_side
        ) as place
    from payments
    inner join jurisdictions
        on
            payments.country_code = jurisdictions.country_code
            and payments.booked_date >= jurisdictions.valid_from
            and (jurisdictions.valid_to is null or payments.booked_date < jurisdictions.valid_to)
    inner join rules
        on jurisdictions.list = rules.list_name
    inner join countries
        on payments.country_code = countries.country_code
)

select
    rule_id,
    version,
    subject_key,
    booked_date as alert_date,
    'payment' as anchor,
    known_date,
    booked_at as alert_at,
    transaction_id,
    booked_at as window_start_at,
    cast(1 as numeric(28, 6)) as value,
    cast(case when direction = 'incoming' then coalesce(amount_sek, 0) else 0 end as numeric(28, 6))
        as amount_in_sek,
    cast(case when direction = 'incoming' then 0 else coalesce(amount_sek, 0) end as numeric(28, 6))
        as amount_out_sek,
    cast(1 as bigint) as transaction_count,
    cast(1 as bigint) as counterparty_count,
    {{ money_text('amount') }} || ' ' || currency
    || case listed_side when 'sender' then ' from ' else ' to ' end || country_name
    || ', on the ' || list || ' list since ' || valid_from || ' (told by the ' || told_by || ')'
        as finding,
    'account_amount' as measure,
    cast(coalesce(amount_sek, 0) as numeric(28, 6)) as quantity,
    {{ evidence_word("'listed'", '1', 'transaction_id') }} as evidence,
    cast(transaction_id as text) as thread,
    _load_id
from ranked
where place = 1
