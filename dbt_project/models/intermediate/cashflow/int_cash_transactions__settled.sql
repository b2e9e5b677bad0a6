{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[{'columns': ['_load_id', '_line_no'], 'unique': true}],
    meta={'wanted': 'int_cash_loads__gated'}
) }}

-- One row per line that is not plainly accepted, in the mode of the build: with its outcome and
-- every rule that says so, or accepted with flags. A redelivery is a duplicate whatever else it is:
-- what it repeats says the rest.

with lines as (
    select * from {{ ref('int_cash_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_cash_loads__gated')) }}
),

grouped_lines as (
    select * from {{ ref('int_cash_transactions__grouped') }}
    where {{ in_loads_to_build(ref('int_cash_loads__gated')) }}
),

missing_rates as (
    select * from {{ ref('int_cash_load_rates__attached') }}
    where
        eur_rate is null
        -- Without any rates the load is held, and each line is counted as it would be with them.
        and exists (select 1 from {{ ref('int_cash_rates__in_force') }})
        and {{ in_loads_to_build(ref('int_cash_loads__gated')) }}
),

sender_accounts as (
    select * from {{ ref('int_company_accounts__current') }}
),

beneficiary_accounts as (
    select * from {{ ref('int_company_accounts__current') }}
),

compared as (
    select
        lines._load_id,
        lines._line_no,
        coalesce(grouped_lines.is_redelivery, false) as is_redelivery,
        {{ words([
            "lines.failures",
            "case
                when
                    lines.sender_country is null
                    " ~ ('and' if cash_mode() == 'one_valid_leg' else 'or') ~ "
                    lines.beneficiary_country is null
                    then 'cash.iban_country'
            end",
            "case when missing_rates._load_id is not null then 'cash.no_rate' end",
            "case
                when " ~ ('false' if cash_mode() == 'include_batches' else 'grouped_lines.is_batch')
            ~ " then 'cash.batch_payment' end",
        ]) }} as failures,
        {{ words([
            "lines.flags",
            "case
                when lines.rail <> 'sepa' then null
                when sender_accounts.account is null then 'cash.sepa_unknown_account'
                when beneficiary_accounts.account is null then 'cash.sepa_unknown_account'
            end",
            "case when grouped_lines.is_collision then 'cash.id_collision' end",
            "case when grouped_lines.is_batch then 'cash.batch_included' end",
            "case
                when lines.sender_country is null or lines.beneficiary_country is null
                    then 'cash.one_leg'
            end",
        ]) }} as flags
    from lines
    left join grouped_lines
        on
            lines._load_id = grouped_lines._load_id
            and lines._line_no = grouped_lines._line_no
    left join missing_rates
        on
            lines._load_id = missing_rates._load_id
            and lines.currency = missing_rates.currency
            and lines.booked_date = missing_rates.booked_date
    left join sender_accounts
        on
            lines.rail = 'sepa'
            and lines.sender_account = sender_accounts.account
    left join beneficiary_accounts
        on
            lines.rail = 'sepa'
            and lines.beneficiary_account = beneficiary_accounts.account
    {{ evaluate_once() }}
)

select
    _load_id,
    _line_no,
    case
        when is_redelivery then 'duplicate'
        when failures is not null then 'rejected'
        else 'accepted'
    end as outcome,
    case
        when is_redelivery then {{ text_array(["'cash.redelivery'"]) }}
        else {{ words_as_array('failures') }}
    end as rule_ids,
    case
        when is_redelivery or failures is not null then {{ empty_text_array() }}
        else {{ words_as_array('flags') }}
    end as flags
from compared
where is_redelivery or failures is not null or flags is not null
