{{ config(materialized='view') }}

-- Grain: one row per alert that a rule in shadow would have opened. Nobody works on these: they are
-- held against the live ones before the rule goes live.

{{ alerts_of('shadow') }}
