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
        outs.*,
        ins.transaction_id as in_id,
        ins.booked_at as in_at,
        ins.amount_sek as in_amount_sek,
        ins.counterparty_key as payer_key,
        greatest(outs.business_date, ins.business_date) as known_date,
        greatest(outs._load_id, ins._load_id) as last_load_id,
        row_number() over (
            partition by outs.rule_id, outs.version, outs.subject_key, outs.anchor_date
            order by
                outs.amount_sek desc,
                outs.anchor_at asc,
                outs.anchor_id asc,
                ins.booked_at asc,
                ins.transaction_id asc
        ) as place
    from windows as outs
    inner join windows as ins
        on
            outs.version = ins.version
            and outs.anchor_id = ins.anchor_id
            and outs.amount_sek between
            ins.amount_sek * outs.low_share and ins.amount_sek / outs.low_share
    where
        outs.leg = 'out'
        and outs.transaction_id = outs.anchor_id
        and ins.leg = 'in'
        and outs.amount_sek >= outs.scaled_store_from
),

described as (
    select
        rule_id,
        version,
        subject_key,
        anchor_date as alert_date,
        anchor_at as alert_at,
        anchor_id as transaction_id,
        in_at as window_start_at,
        known_date,
        last_load_id,
        cast(2 as bigint) as transaction_count,
        cast(
            case payer_key when counterparty_key then 1 else 2 end as bigint
        ) as counterparty_count,
        in_amount_sek as amount_in_sek,
        amount_sek as amount_out_sek,
        {{ evidence_word("'in'", '1', 'in_id') }} || ' '
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
