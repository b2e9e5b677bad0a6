{#- The alerts of a standing, `live` or `shadow`: two marts with one contract. -#}
{% macro alerts_of(standing) -%}
with alerts as (
    select * from {{ ref('int_aml_alerts__described') }}
    where standing = '{{ standing }}'
)

select
    alert_id,
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
    window_end_at,
    last_hit_at,
    hit_count,
    cast(value as numeric(22, 2)) as value,
    cast(threshold as numeric(22, 2)) as threshold,
    unit,
    cast(baseline as numeric(22, 2)) as baseline,
    segment_percentile,
    cast(amount_in_sek as numeric(22, 2)) as amount_in_sek,
    cast(amount_out_sek as numeric(22, 2)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    points,
    caveats,
    reason,
    parameters,
    is_suppressed,
    suppressed_until,
    disposition
from alerts
{%- endmacro %}
