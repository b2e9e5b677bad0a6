{{ config(materialized='view') }}

-- One row per alert and payment of its evidence, held against the payments that its own account
-- sent before it (or received, if it came in). A view that looks up payment by payment, in the
-- deliveries that have payments of the account: nobody asks it of a million payments, and nothing
-- has to be worked out again when a line comes late or a load is withdrawn.

with evidence as (
    select * from {{ ref('bridge_alert_transactions') }}
),

limits as (
    {{ rules_and_limits(['unusual_size', 'repeated_amount', 'benford', 'new_country']) }}
),

rules as (
    select * from limits
    where status = 'live'
),

-- How far back each of them looks, in one row; null where it is not live.
windows as (
    select
        cast(max(high_share) filter (where rule_id = 'unusual_size') as double precision)
            as size_share,
        cast(ceil(max(window_minutes) / 1440.0) as integer) + 1 as longest_days,
        max(window_length) as longest_window,
        max(window_length) filter (where rule_id = 'unusual_size') as size_window,
        max(window_length) filter (where rule_id = 'repeated_amount') as repetition_window,
        max(window_length) filter (where rule_id = 'benford') as digits_window,
        max(window_length) filter (where rule_id = 'new_country') as country_window
    from rules
),

payments as (
    select
        evidence.alert_id,
        evidence.rule_id,
        evidence.standing,
        evidence.role,
        evidence.hop,
        facts.transaction_id,
        facts.booked_at,
        facts.booked_date,
        facts.direction,
        facts.amount,
        facts.currency,
        facts.amount_sek,
        facts.sender_account,
        facts.receiver_account,
        facts.own_account,
        facts._load_id,
        facts._line_no,
        {{ account_key('facts.own_account') }} as own_key,
        facts.direction <> 'incoming' as is_sent,
        case facts.direction
            when 'incoming' then facts.sender_country
            else facts.receiver_country
        end as counterparty_country
    from evidence
    inner join lateral (
        select published.*
        from {{ ref('int_transactions__identified') }} as ids
        inner join {{ ref('fct_transactions') }} as published
            on
                ids._load_id = published._load_id
                and ids._line_no = published._line_no
        where ids.transaction_id = evidence.transaction_id
        {{ evaluate_once() }}
    ) as facts on true
)

select
    payments.alert_id,
    payments.rule_id,
    payments.standing,
    payments.role,
    payments.hop,
    payments.transaction_id,
    payments.booked_at,
    payments.booked_date,
    payments.direction,
    payments.amount,
    payments.currency,
    payments.amount_sek,
    payments.sender_account,
    payments.receiver_account,
    payments.counterparty_country,
    payments._load_id,
    payments._line_no,
    past.earlier_count,
    past.median_amount_sek,
    past.high_amount_sek,
    past.same_amount_count,
    past.digits_count,
    past.digits_chi_square,
    past.same_country_count,
    coalesce(met.points, 0) as points,
    coalesce(met.rule_ids, {{ empty_text_array() }}) as modifiers
from payments
cross join windows
inner join lateral (
    select
        count(*) filter (where earlier.is_for_size) as earlier_count,
        percentile_disc(0.5) within group (order by earlier.amount_sek)
        filter (where earlier.is_for_size) as median_amount_sek,
        percentile_disc(windows.size_share) within group (order by earlier.amount_sek)
        filter (where earlier.is_for_size) as high_amount_sek,
        count(*) filter (
            where earlier.is_for_repetition and earlier.amount_sek = payments.amount_sek
        ) as same_amount_count,
        count(*) filter (where earlier.is_for_digits) as digits_count,
        {{ benford_chi_square('earlier.amount_sek', 'earlier.is_for_digits') }}
            as digits_chi_square,
        count(*) filter (
            where earlier.is_for_country and earlier.counterparty_country is not null
        ) as known_countries_count,
        count(*) filter (
            where earlier.is_for_country and earlier.is_same_country
        ) as same_country_count
    from (
        select distinct of_day._load_id
        from {{ ref('fct_account_movements') }} as of_day
        where
            of_day.own_account = payments.own_account
            and of_day.movement_date
            between payments.booked_date - windows.longest_days and payments.booked_date
    ) as deliveries
    inner join lateral (
        select
            edges.amount_sek,
            case
                when payments.is_sent then edges.receiver_country
                else edges.sender_country
            end as counterparty_country,
            case
                when payments.is_sent then edges.receiver_country
                else edges.sender_country
            end = payments.counterparty_country as is_same_country,
            edges.booked_at >= payments.booked_at - windows.size_window as is_for_size,
            edges.booked_at >= payments.booked_at - windows.repetition_window
                as is_for_repetition,
            edges.booked_at >= payments.booked_at - windows.digits_window
            and edges.amount_sek >= 1 as is_for_digits,
            edges.booked_at >= payments.booked_at - windows.country_window as is_for_country
        from {{ ref('int_aml_edges__keyed') }} as edges
        where
            edges._load_id = deliveries._load_id
            and edges.booked_date
            between payments.booked_date - windows.longest_days and payments.booked_date
            and edges.booked_at >= payments.booked_at - windows.longest_window
            and edges.booked_at < payments.booked_at
            and (
                (payments.is_sent and edges.sender_key = payments.own_key)
                or (not payments.is_sent and edges.receiver_key = payments.own_key)
            )
            -- Without an amount in SEK a payment is no part of what is usual.
            and edges.amount_sek > 0
        {{ evaluate_once() }}
    ) as earlier on true
    {{ evaluate_once() }}
) as past on true
inner join lateral (
    select
        sum(rules.points) as points,
        {{ array_of_rows('rules.rule_id', 'rules.points desc, rules.rule_id') }} as rule_ids
    from rules
    where
        case rules.rule_id
            when 'unusual_size'
                then
                    past.earlier_count >= rules.companion_threshold
                    and payments.amount_sek >= rules.threshold * past.median_amount_sek
                    and payments.amount_sek > past.high_amount_sek
                    and payments.amount_sek >= rules.scaled_floor_sek
            when 'new_country'
                then
                    past.known_countries_count >= rules.companion_threshold
                    and payments.counterparty_country is not null
                    and past.same_country_count < rules.threshold
            when 'repeated_amount'
                then past.same_amount_count >= rules.threshold
            when 'benford'
                then
                    past.digits_count >= rules.companion_threshold
                    and past.digits_chi_square >= rules.threshold
        end
) as met on true
