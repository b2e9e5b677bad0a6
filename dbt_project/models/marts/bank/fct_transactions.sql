{{ config(
    materialized='by_load',
    unique_key=['transaction_id'],
    indexes=[{'columns': ['_line_no'], 'type': 'btree'}],
    post_hook="{{ by_load__record_changes_sql('int_fx_rates__quoted') }}",
    meta={
        'wanted': 'int_transaction_loads__published',
        'partitioned': true,
        'logs': true,
        'follows': [
            'int_transactions__judged',
            'int_transactions__rejected',
            'int_transactions__deduplicated',
        ],
        'touched_by': 'lines_with_changed_rates',
    }
) }}

-- Grain: one row per accepted transaction of a published load.
-- depends_on: {{ ref('int_transactions__rejected') }}
-- depends_on: {{ ref('int_transactions__deduplicated') }}
-- depends_on: {{ ref('int_load_currency_days__counted') }}
-- depends_on: {{ ref('int_transactions__late') }}
-- depends_on: {{ ref('int_transaction_loads__registered') }}

with loads as (
    select * from {{ ref('int_transaction_loads__published') }}
),

lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__published')) }}
),

excluded as (
    select
        _load_id,
        _line_no
    from {{ ref('int_transactions__excluded') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__published')) }}
),

currency_days as (
    select distinct
        currency,
        booked_date
    from {{ ref('int_transactions__judged') }}
    where
        failures is null
        and currency <> 'SEK'
        and {{ in_loads_to_build(ref('int_transaction_loads__published')) }}
),

-- The rate of the day, or the last before it. Null where there is none: such a line is accepted
-- with a flag and without an amount in kronor.
rates as (
    select
        currency_days.currency,
        currency_days.booked_date,
        case when usable.is_usable then usable.sek_rate end as fx_rate,
        case when usable.is_usable then usable.rate_date end as fx_rate_date,
        case when usable.is_usable then usable.source end as fx_source,
        case
            when usable.is_usable is not true then 'fx.no_rate'
            when
                usable.source = 'ECB'
                and currency_days.booked_date - usable.rate_date > {{ var('fx_stale_after_days') }}
                then 'fx.stale_rate'
        end as flag
    from currency_days
    left join lateral (
        select
            quoted.sek_rate,
            quoted.rate_date,
            quoted.source,
            quoted.used_until is null or quoted.used_until > currency_days.booked_date
                as is_usable
        from {{ ref('int_fx_rates__quoted') }} as quoted
        where
            quoted.currency = currency_days.currency
            and quoted.rate_date <= currency_days.booked_date
        order by quoted.rate_date desc
        limit 1
    ) as usable on true
),

converted as (
    select
        lines.*,
        loads.business_date,
        rates.flag as fx_flag,
        case when lines.currency = 'SEK' then 1 else rates.fx_rate end as fx_rate,
        case
            when lines.currency = 'SEK' then lines.booked_date
            else rates.fx_rate_date
        end as fx_rate_date,
        case when lines.currency = 'SEK' then 'SEK' else rates.fx_source end as fx_source
    from lines
    inner join loads
        on lines._load_id = loads.load_id
    left join excluded
        on
            lines._load_id = excluded._load_id
            and lines._line_no = excluded._line_no
    left join rates
        on
            lines.currency = rates.currency
            and lines.booked_date = rates.booked_date
    where excluded._line_no is null
)

select
    transaction_id,
    booked_at,
    booked_date,
    business_date,
    direction,
    amount,
    currency,
    cast(
        case when currency = 'SEK' then amount else {{ round_half_even('amount * fx_rate') }} end
        as numeric(22, 2)
    ) as amount_sek,
    cast(fx_rate as numeric(28, 16)) as fx_rate,
    fx_rate_date,
    fx_source,
    sender_account,
    receiver_account,
    case
        when direction = 'incoming' then receiver_account
        else sender_account
    end as own_account,
    case
        when direction = 'incoming' then sender_account
        else receiver_account
    end as counterparty_account,
    sender_country,
    receiver_country,
    sender_municipality,
    receiver_municipality,
    note,
    {{ words_as_array(words(['flags', 'fx_flag'])) }} as flags,
    {{ words_as_array(words([
        'transaction_id_correction',
        'timestamp_correction',
        'amount_correction',
        'currency_correction',
        'sender_account_correction',
        'nullif(receiver_account_correction, sender_account_correction)',
        'sender_country_correction',
        'nullif(receiver_country_correction, sender_country_correction)',
        'transaction_type_correction',
    ])) }} as corrections,
    _load_id,
    _line_no
from converted
