{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[{'columns': ['_load_id', 'account'], 'type': 'btree'}],
    meta={'wanted': 'int_register_loads__known'}
) }}

-- One row per line of a register, with its outcome. Within a register the first line of an account
-- stands.

with lines as (
    select * from {{ ref('stg_bank__customers') }}
    where {{ in_loads_to_build(ref('int_register_loads__known')) }}
),

settings as (
    select value as pepper from {{ ref('stg_ops__settings') }}
    where name = 'customer_id_pepper'
),

cleaned as (
    select
        lines.*,
        {{ account_value('lines.account_raw') }} as account
    from lines
    {{ evaluate_once() }}
),

failed as (
    select
        *,
        case
            when account is null then 'customer.account_missing'
            when not {{ matches('account', var('own_account_pattern')) }}
                then 'customer.account_malformed'
        end as account_failure
    from cleaned
    {{ evaluate_once() }}
),

numbered as (
    select
        *,
        row_number() over lines_of_the_account as account_line_number,
        first_value(_line_no) over lines_of_the_account as first_line_no
    from failed
    window lines_of_the_account as (
        partition by _load_id, account, account_failure
        order by _line_no
    )
),

compared as (
    select
        numbered.*,
        case
            when numbered.account_failure is not null then numbered.account_failure
            when numbered.account_line_number = 1 then null
            when (
                numbered.customer_name is not distinct from first_line.customer_name
                and numbered.address is not distinct from first_line.address
                and numbered.phone is not distinct from first_line.phone
                and numbered.personnummer is not distinct from first_line.personnummer
            )
                then 'customer.duplicate_exact'
            else 'customer.account_conflict'
        end as failure
    from numbered
    left join failed as first_line
        on
            numbered._load_id = first_line._load_id
            and numbered.first_line_no = first_line._line_no
)

select
    compared._load_id,
    compared._line_no,
    compared.account,
    -- A pseudonym that cannot be turned back without the secret of this database: see
    -- docs/decisions.md.
    case
        when compared.personnummer is not null
            then {{ fingerprint("settings.pepper || compared.personnummer") }}
    end as customer_id,
    compared.customer_name,
    compared.address,
    compared.phone,
    compared.personnummer,
    case
        when compared.failure is null then 'accepted'
        when compared.failure = 'customer.duplicate_exact' then 'duplicate'
        else 'rejected'
    end as outcome,
    compared.failure,
    case
        when compared.account <> compared.account_raw then 'customer.account_formatting'
    end as account_correction,
    {{ text_array([
        "case
            when compared.personnummer is null then 'customer.personnummer_missing'
            when not " ~ personnummer_is_valid('compared.personnummer') ~ "
                then 'customer.personnummer_invalid'
        end",
        "case when compared.customer_name is null then 'customer.name_missing' end",
    ]) }} as flags
from compared
cross join settings
