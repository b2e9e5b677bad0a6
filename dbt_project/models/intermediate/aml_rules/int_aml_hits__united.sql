{{ config(materialized='view') }}

-- One row per hit of any rule, stored from 0.7 times its threshold on. All rules keep one contract,
-- so a new rule is a new model and a line here.
-- depends_on: {{ ref('int_aml_hits__velocity_burst') }}
-- depends_on: {{ ref('int_aml_hits__smurfing') }}
-- depends_on: {{ ref('int_aml_hits__fan') }}
-- depends_on: {{ ref('int_aml_hits__gather_scatter') }}
-- depends_on: {{ ref('int_aml_hits__scatter_gather') }}
-- depends_on: {{ ref('int_aml_hits__rapid_movement') }}
-- depends_on: {{ ref('int_aml_hits__matched_legs') }}
-- depends_on: {{ ref('int_aml_hits__layering_chain') }}
-- depends_on: {{ ref('int_aml_hits__round_trip') }}
-- depends_on: {{ ref('int_aml_hits__structuring') }}
-- depends_on: {{ ref('int_aml_hits__dormant_account') }}
-- depends_on: {{ ref('int_aml_hits__new_account') }}
-- depends_on: {{ ref('int_aml_hits__high_risk_jurisdiction') }}

{% for rule in [
    'velocity_burst',
    'smurfing',
    'fan',
    'gather_scatter',
    'scatter_gather',
    'rapid_movement',
    'matched_legs',
    'layering_chain',
    'round_trip',
    'structuring',
    'dormant_account',
    'new_account',
    'high_risk_jurisdiction',
] %}
    select
        rule_id,
        version,
        subject_key,
        alert_date,
        anchor,
        known_date,
        alert_at,
        transaction_id,
        window_start_at,
        value,
        amount_in_sek,
        amount_out_sek,
        transaction_count,
        counterparty_count,
        finding,
        measure,
        quantity,
        evidence,
        thread,
        _load_id
    from {{ ref('int_aml_hits__' ~ rule) }}
    {{ 'union all' if not loop.last }}
{% endfor %}
