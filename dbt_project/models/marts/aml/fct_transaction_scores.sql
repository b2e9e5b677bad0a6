{{ config(materialized='view') }}

-- Grain: one row per accepted, published transaction. A view: of most payments there is nothing to
-- say, and those have no points.

with edges as (
    select * from {{ ref('int_aml_edges__keyed') }}
),

scored_pairs as (
    select * from {{ ref('int_aml_pairs__scored') }}
),

grey_listed as (
    select transaction_id
    from {{ ref('int_aml_hits__high_risk_jurisdiction') }}
    where rule_id = 'grey_list'
),

-- The points of the modifiers that are live, in one row.
modifiers as (
    select
        max(case rule_id when 'grey_list' then points end) as grey_list_points,
        max(case rule_id when 'self_transfer' then points end) as self_transfer_points,
        max(case rule_id when 'round_amount' then points end) as round_amount_points,
        max(case rule_id when 'off_hours' then points end) as off_hours_points,
        max(case rule_id when 'new_counterparty_large' then points end)
            as new_counterparty_points,
        max(case rule_id when 'new_counterparty_large' then threshold end)
            as new_counterparty_threshold
    from {{ ref('int_aml_rules__judged') }}
    where role = 'modifier' and status = 'live'
),

met as (
    select
        edges.transaction_id,
        edges.booked_date,
        edges._load_id,
        edges._line_no,
        coalesce(scored_pairs.points, 0) as points,
        coalesce(scored_pairs.top_reasons, {{ empty_text_array() }}) as top_reasons,
        scored_pairs.card_version,
        case when grey_listed.transaction_id is not null then modifiers.grey_list_points end
            as grey_list_points,
        case when edges.sender_key = edges.receiver_key then modifiers.self_transfer_points end
            as self_transfer_points,
        case
            when edges.amount_sek > 0 and mod(edges.amount_sek, 1000) = 0
                then modifiers.round_amount_points
        end as round_amount_points,
        case
            when
                extract(
                    hour from {{ instant_at('edges.booked_at', var('bank_time_zone')) }}
                ) < {{ var('aml_night_ends_at_hour') }}
                then modifiers.off_hours_points
        end as off_hours_points,
        case
            when
                scored_pairs.points is not null
                and edges.amount_sek
                >= modifiers.new_counterparty_threshold * {{ var('aml_floor_scale') }}
                then modifiers.new_counterparty_points
        end as new_counterparty_points
    from edges
    cross join modifiers
    left join scored_pairs
        on
            edges.sender_key = scored_pairs.sender_key
            and edges.receiver_key = scored_pairs.receiver_key
            and edges.booked_date = scored_pairs.met_date
            and edges.is_timely
    left join grey_listed
        on edges.transaction_id = grey_listed.transaction_id
)

select
    transaction_id,
    booked_date,
    cast(points as integer) as points,
    top_reasons,
    card_version,
    cast(
        coalesce(grey_list_points, 0)
        + coalesce(self_transfer_points, 0)
        + coalesce(round_amount_points, 0)
        + coalesce(off_hours_points, 0)
        + coalesce(new_counterparty_points, 0) as integer
    ) as modifier_points,
    {{ words_as_array(words([
        "case when grey_list_points is not null then 'grey_list' end",
        "case when self_transfer_points is not null then 'self_transfer' end",
        "case when round_amount_points is not null then 'round_amount' end",
        "case when off_hours_points is not null then 'off_hours' end",
        "case when new_counterparty_points is not null then 'new_counterparty_large' end",
    ])) }} as modifiers,
    _load_id,
    _line_no
from met
