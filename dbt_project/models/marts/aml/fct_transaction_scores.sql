{{ config(materialized='view') }}

-- Grain: one row per accepted, published transaction. A view: of most payments there is nothing to
-- say, and those have no points.

with edges as (
    select * from {{ ref('int_aml_edges__keyed') }}
),

scored_pairs as (
    select * from {{ ref('int_aml_pairs__scored') }}
)

select
    edges.transaction_id,
    edges.booked_date,
    cast(coalesce(scored_pairs.points, 0) as integer) as points,
    coalesce(scored_pairs.top_reasons, {{ empty_text_array() }}) as top_reasons,
    scored_pairs.card_version,
    edges._load_id,
    edges._line_no
from edges
left join scored_pairs
    on
        edges.sender_key = scored_pairs.sender_key
        and edges.receiver_key = scored_pairs.receiver_key
        and edges.booked_date = scored_pairs.met_date
        and edges.is_timely
