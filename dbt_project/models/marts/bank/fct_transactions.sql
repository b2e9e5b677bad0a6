{{ config(
    materialized='by_load',
    unique_key=['transaction_id'],
    indexes=[{'columns': ['_load_id'], 'type': 'brin'}],
    meta={'wanted': 'int_loads__published'}
) }}

-- Grain: one row per accepted transaction of a published load.

with loads as (
    select * from {{ ref('int_loads__published') }}
),

lines as (
    select * from {{ ref('int_transactions__judged') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

excluded as (
    select
        _load_id,
        _line_no
    from {{ ref('int_transactions__excluded') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
),

rates as (
    select * from {{ ref('int_load_rates__attached') }}
    where {{ in_loads_to_build(ref('int_loads__published')) }}
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
            lines._load_id = rates._load_id
            and lines.currency = rates.currency
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
    _load_id,
    _line_no
from converted
