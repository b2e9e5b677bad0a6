{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['rule_id', 'version', 'subject_key', 'alert_date'], 'unique': true}],
    pre_hook=[
        "{{ start_anew_where_settings_changed(settings_of_rules(['rapid_movement'])) }}",
        "{{ reopen_windows('int_aml_edges__large', 'both', ['rapid_movement']) }}"
    ]
) }}

-- One row per account and day on which about as much had gone out as came in just before.

{{ windows_of_flows('rapid_movement') }}

described as (
    select
        rule_id,
        version,
        subject_key,
        anchor_date as alert_date,
        anchor_at as alert_at,
        anchor_id as transaction_id,
        min(booked_at) as window_start_at,
        max(business_date) as known_date,
        max(_load_id) as last_load_id,
        count(*) as transaction_count,
        count(distinct counterparty_key) as counterparty_count,
        count(distinct counterparty_key) filter (where leg = 'in') as payer_count,
        count(distinct counterparty_key) filter (where leg = 'out') as payee_count,
        sum(amount_sek) filter (where leg = 'in') as amount_in_sek,
        sum(amount_sek) filter (where leg = 'out') as amount_out_sek,
        {{ words_of_rows(
            evidence_word('leg', "case leg when 'in' then 1 else 2 end", 'transaction_id'),
            'booked_at, transaction_id'
        ) }} as evidence,
        row_number() over (
            partition by rule_id, version, subject_key, anchor_date
            order by sum(amount_sek) filter (where leg = 'out') desc, anchor_at asc, anchor_id asc
        ) as place
    from windows
    group by
        rule_id,
        version,
        subject_key,
        anchor_date,
        anchor_at,
        anchor_id,
        scaled_store_from,
        store_from,
        low_share,
        high_share
    having
        min(booked_at) filter (where leg = 'in') < min(booked_at) filter (where leg = 'out')
        and sum(amount_sek) filter (where leg = 'out')
        between low_share * sum(amount_sek) filter (where leg = 'in')
        and high_share * sum(amount_sek) filter (where leg = 'in')
        and sum(amount_sek) filter (where leg = 'out') >= scaled_store_from
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
    || ' SEK out again (' || round(100 * amount_out_sek / amount_in_sek) || ' %) within '
    || {{ duration_text('window_start_at', 'alert_at') }} as finding,
    cast('account_amount' as text) as measure,
    cast(amount_out_sek as numeric(28, 6)) as quantity,
    evidence,
    cast(subject_key as text) as thread,
    last_load_id as _load_id
from described
where place = 1
