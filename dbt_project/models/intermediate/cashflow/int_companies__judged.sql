{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[{'columns': ['_load_id', '_line_no'], 'unique': true}],
    meta={'wanted': 'int_company_loads__known'}
) }}

-- One row per line of a list of companies, with its outcome. Within a list the first line of a
-- company stands.

with lines as (
    select * from {{ ref('stg_cashflow__companies') }}
    where {{ in_loads_to_build(ref('int_company_loads__known')) }}
),

read_lines as (
    select
        lines.*,
        case
            when {{ matches('trim(company_id_raw)', '^[0-9]{1,9}$') }}
                then {{ cast_as('company_id_raw', 'integer') }}
        end as company_id,
        {{ company_ibans("coalesce(ibans_raw, '')") }} as ibans,
        {{ cash_amount('trim(balance_raw)') }} as balance_amount
    from lines
    {{ evaluate_once() }}
),

failed as (
    select
        *,
        case
            when company_id is null then 'company.id_unreadable'
            when ibans is null then 'company.ibans_unreadable'
        end as own_failure,
        {{ content_fingerprint([
            'company_name', 'owner_name', 'address', 'ibans', 'balance_amount'
        ]) }} as content_fingerprint
    from read_lines
    {{ evaluate_once() }}
),

numbered as (
    select
        *,
        row_number() over lines_of_the_company as company_line_number,
        first_value(content_fingerprint) over lines_of_the_company as first_fingerprint
    from failed
    window lines_of_the_company as (
        partition by _load_id, company_id, own_failure
        order by _line_no
    )
),

compared as (
    select
        *,
        case
            when own_failure is not null then own_failure
            when company_line_number = 1 then null
            when content_fingerprint = first_fingerprint then 'company.redelivery'
            else 'company.id_conflict'
        end as failure
    from numbered
)

select
    _load_id,
    _line_no,
    company_id,
    company_name,
    owner_name,
    address,
    ibans,
    balance_amount,
    case
        when failure is null then 'accepted'
        when failure = 'company.redelivery' then 'duplicate'
        else 'rejected'
    end as outcome,
    failure,
    {{ text_array([
        "case when ibans = " ~ empty_text_array() ~ " then 'company.no_accounts' end",
        "case when balance_amount is null then 'company.balance_unreadable' end",
    ]) }} as flags
from compared
