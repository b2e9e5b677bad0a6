{{ config(materialized='view') }}

-- Grain: one row per alert of a live rule, or of a retired one from its time. Suppressed ones are
-- here, and say so.

{{ alerts_of('live') }}
