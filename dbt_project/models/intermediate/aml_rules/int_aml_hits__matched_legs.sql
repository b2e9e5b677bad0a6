{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['matched_legs'])) }}",
        "{{ reopen_windows('int_aml_edges__large', 'both', ['matched_legs']) }}"
    ]
) }}

-- One row per account and day with a large payment out that nearly equals one in just before.

{{ windows_of_flows('matched_legs') }}

pairs as (
    select
        *,
        row_number() over (
            partition by rule_id, version, subject_key, anchor_date
            order by
                anchor_amount_sek desc,
                anchor_at asc,
                anchor_id asc,
                booked_at asc,
                transaction_id asc
        ) as place
    from windows
    where
        leg = 'in'
        and anchor_amount_sek between amount_sek * low_share and amount_sek / low_share
        and anchor_amount_sek >= scaled_store_from
),

described as (
    select
        rule_id,
        version,
        subject_key,
        anchor_date as alert_date,
        anchor_at as alert_at,
        anchor_id as transaction_id,
        booked_at as window_start_at,
        greatest(anchor_business_date, business_date) as known_date,
        greatest(anchor_load_id, _load_id) as last_load_id,
        cast(2 as bigint) as transaction_count,
        cast(
            case counterparty_key when anchor_counterparty_key then 1 else 2 end as bigint
        ) as counterparty_count,
        amount_sek as amount_in_sek,
        anchor_amount_sek as amount_out_sek,
        {{ evidence_word("'in'", '1', 'transaction_id') }} || ' '
        || {{ evidence_word("'out'", '2', 'anchor_id') }} as evidence
    from pairs
    where place = 1
)

select
    rule_id,
    version,
    subject_key,
    alert_date,
    cast('day' as text) as anchor,
    known_date,
    alert_at,
    transaction_id,
    window_start_at,
    cast(amount_out_sek as numeric(28, 6)) as value,
    cast(amount_in_sek as numeric(28, 6)) as amount_in_sek,
    cast(amount_out_sek as numeric(28, 6)) as amount_out_sek,
    transaction_count,
    counterparty_count,
    {{ money_text('amount_in_sek') }} || ' SEK in and ' || {{ money_text('amount_out_sek') }}
    || ' SEK out ' || {{ duration_text('window_start_at', 'alert_at') }} || ' later' as finding,
    cast('account_amount' as text) as measure,
    cast(amount_out_sek as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
