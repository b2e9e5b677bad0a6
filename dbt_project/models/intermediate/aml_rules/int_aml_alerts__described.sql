{{ config(materialized='view') }}

-- One row per alert, live or shadow, with all that an investigator is told.

with alerts as (
    select * from {{ ref('int_aml_hits__grouped') }}
    where place = 1
),

rules as (
    select * from {{ ref('aml_rules') }}
),

accounts as (
    select * from {{ ref('int_aml_accounts__keyed') }}
),

movements as (
    select * from {{ ref('fct_account_movements') }}
),

sizes as (
    select * from {{ ref('int_aml_load_sizes__measured') }}
),

suppressions as (
    select
        *,
        row_number() over (
            partition by rule_id, subject_account
            order by suppression_id desc
        ) as recency
    from {{ ref('stg_ops__rule_suppressions') }}
),

dispositions as (
    select
        *,
        row_number() over (
            partition by alert_id
            order by disposition_id desc
        ) as recency
    from {{ ref('stg_ops__alert_dispositions') }}
),

-- The account's own month before: SEK, or payments, a day in the busier direction.
own_months as (
    select
        alerts.alert_id,
        greatest(
            sum(movements.incoming_amount_sek), sum(movements.outgoing_amount_sek)
        ) / 30 as daily_amount,
        cast(greatest(
            sum(movements.incoming_count), sum(movements.outgoing_count)
        ) as numeric) / 30 as daily_count
    from alerts
    inner join accounts
        on alerts.subject_key = accounts.account_key
    inner join movements
        on
            accounts.account = movements.own_account
            and movements.movement_date between alerts.alert_date - 30 and alerts.alert_date - 1
    group by alerts.alert_id
),

segments as (
    select
        alerts.alert_id,
        coalesce(
            max(sizes.percentile) filter (where alerts.quantity >= sizes.upper_limit), 0
        ) as percentile
    from alerts
    inner join sizes
        on
            alerts._load_id = sizes._load_id
            and alerts.measure = sizes.measure
    group by alerts.alert_id
),

joined as (
    select
        alerts.*,
        rules.typology,
        rules.title,
        rules.unit,
        rules.threshold,
        rules.points,
        accounts.customer_id,
        completing.flags as caveats,
        suppressions.until_date as suppressed_until,
        dispositions.outcome as disposition,
        -- Only of scatter and gather may the subject be an account abroad.
        coalesce(accounts.account, completing.receiver_account) as subject_account,
        case alerts.measure
            when 'account_count' then round(coalesce(own_months.daily_count, 0), 1)
            else round(coalesce(own_months.daily_amount, 0), 2)
        end as baseline,
        segments.percentile as segment_percentile,
        concat_ws(
            ' ',
            'threshold=' || rules.threshold,
            'store_from=' || rules.store_from,
            'window_minutes=' || rules.window_minutes,
            'floor_sek=' || rules.floor_sek,
            'low_share=' || rules.low_share,
            'high_share=' || rules.high_share,
            'companion_threshold=' || rules.companion_threshold,
            'floor_scale=' || {{ var('aml_floor_scale') }}
        ) as parameters
    from alerts
    inner join rules
        on
            alerts.rule_id = rules.rule_id
            and alerts.version = rules.version
    -- The fact has no index on ids: the line that counts is looked up where one is.
    left join lateral (
        select
            facts.flags,
            facts.receiver_account
        from {{ ref('int_transactions__identified') }} as known_lines
        inner join lateral {{ line_of(ref('fct_transactions'), 'known_lines') }} as facts on true
        where known_lines.transaction_id = alerts.transaction_id
        {{ evaluate_once() }}
    ) as completing on true
    left join accounts
        on alerts.subject_key = accounts.account_key
    left join own_months
        on alerts.alert_id = own_months.alert_id
    left join segments
        on alerts.alert_id = segments.alert_id
    left join suppressions
        on
            alerts.rule_id = suppressions.rule_id
            and accounts.account = suppressions.subject_account
            and suppressions.recency = 1
            and alerts.known_date between suppressions.from_date and suppressions.until_date
    left join dispositions
        on
            alerts.alert_id = dispositions.alert_id
            and dispositions.recency = 1
)

select
    alert_id,
    standing,
    rule_id,
    version,
    typology,
    subject_account,
    customer_id,
    alert_date,
    known_date,
    alert_at,
    transaction_id,
    window_start_at,
    alert_at as window_end_at,
    last_hit_at,
    hit_count,
    value,
    threshold,
    unit,
    baseline,
    segment_percentile,
    amount_in_sek,
    amount_out_sek,
    transaction_count,
    counterparty_count,
    points,
    caveats,
    title || ': ' || finding || '. The rule asks for ' || {{ number_text('threshold') }} || ' '
    || unit || '; in the 30 days before the account '
    || case measure
        when 'account_count'
            then 'made or received ' || {{ number_text('baseline') }} || ' payments'
        else 'moved ' || {{ money_text('baseline') }} || ' SEK'
    end
    || ' a day'
    || coalesce(', and ' || segment_percentile || ' of 100 accounts stay below this.', '.')
        as reason,
    parameters,
    suppressed_until is not null as is_suppressed,
    suppressed_until,
    disposition
from joined
