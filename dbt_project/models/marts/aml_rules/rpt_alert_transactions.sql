{{ config(materialized='view') }}

-- Grain: one row per alert and payment of its evidence, with its points, and with how unusual it
-- was for the account. Read it for an alert or for a few: each payment is looked up.

with compared as (
    select * from {{ ref('int_aml_evidence__compared') }}
)

select
    compared.alert_id,
    compared.transaction_id,
    compared.rule_id,
    compared.standing,
    compared.role,
    compared.hop,
    compared.booked_at,
    compared.booked_date,
    compared.direction,
    compared.amount,
    compared.currency,
    compared.amount_sek,
    compared.sender_account,
    compared.receiver_account,
    compared.counterparty_country,
    scores.points,
    scores.top_reasons,
    compared.earlier_count,
    compared.same_amount_count,
    compared.same_country_count,
    compared.digits_count,
    compared._load_id,
    compared._line_no,
    cast(compared.median_amount_sek as numeric(22, 2)) as median_amount_sek,
    cast(compared.high_amount_sek as numeric(22, 2)) as high_amount_sek,
    cast(compared.digits_chi_square as numeric(22, 2)) as digits_chi_square,
    cast(scores.modifier_points + compared.points as integer) as modifier_points,
    scores.modifiers || compared.modifiers as modifiers
from compared
inner join lateral (
    select of_payment.*
    from {{ ref('fct_transaction_scores') }} as of_payment
    where
        of_payment._load_id = compared._load_id
        and of_payment._line_no = compared._line_no
    {{ evaluate_once() }}
) as scores on true
