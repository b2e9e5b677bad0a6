{{ config(materialized='view') }}

-- Grain: one row per alert and payment of its evidence, with its points, and with how unusual it
-- was for the account. Read it for an alert or for a few: each payment is looked up.

with compared as (
    select * from {{ ref('int_aml_evidence__compared') }}
),

-- Modifiers that ask what the account did before.
rules as (
    select * from {{ ref('aml_rules') }}
    where
        role = 'modifier'
        and status = 'live'
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
    cast(scores.modifier_points + coalesce(met.points, 0) as integer) as modifier_points,
    scores.modifiers || coalesce(met.rule_ids, {{ empty_text_array() }}) as modifiers,
    compared.earlier_count,
    cast(compared.median_amount_sek as numeric(22, 2)) as median_amount_sek,
    cast(compared.high_amount_sek as numeric(22, 2)) as high_amount_sek,
    compared.same_amount_count,
    compared.same_country_count,
    compared.digits_count,
    cast(compared.digits_chi_square as numeric(22, 2)) as digits_chi_square,
    compared._load_id,
    compared._line_no
from compared
inner join lateral (
    select of_payment.*
    from {{ ref('fct_transaction_scores') }} as of_payment
    where
        of_payment._load_id = compared._load_id
        and of_payment._line_no = compared._line_no
    {{ evaluate_once() }}
) as scores on true
inner join lateral (
    select
        sum(rules.points) as points,
        {{ array_of_rows('rules.rule_id', 'rules.points desc, rules.rule_id') }} as rule_ids
    from rules
    where
        case rules.rule_id
            when 'unusual_size'
                then
                    compared.earlier_count >= rules.companion_threshold
                    and compared.amount_sek >= rules.threshold * compared.median_amount_sek
                    and compared.amount_sek > compared.high_amount_sek
                    and compared.amount_sek >= rules.floor_sek * {{ var('aml_floor_scale') }}
            when 'new_country'
                then
                    compared.known_countries_count >= rules.companion_threshold
                    and compared.counterparty_country is not null
                    and compared.same_country_count < rules.threshold
            when 'repeated_amount'
                then compared.same_amount_count >= rules.threshold
            when 'benford'
                then
                    compared.digits_count >= rules.companion_threshold
                    and compared.digits_chi_square >= rules.threshold
        end
) as met on true
