{{ config(
    materialized='by_load',
    unique_key=['_load_id', '_line_no'],
    indexes=[{'columns': ['_line_no'], 'type': 'btree'}],
    meta={
        'wanted': 'int_transaction_loads__known',
        'partitioned': true,
        'logs': true,
        'touched_by': 'lines_decided_since',
    }
) }}

-- One row per line, and all that can be said of it without looking at another line, the register
-- or the calendar: its typed values, the rule of each correction, the failures that reject it,
-- the flags it carries. What two persons decided about a line stands in place of what the file
-- says, and is judged by the same rules. The steps are fenced with evaluate_once(): each form is
-- recognised once, however often it is asked for.

with lines as (
    select * from {{ ref('stg_bank__transactions') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known')) }}
),

loads as (
    select * from {{ ref('int_transaction_loads__known') }}
    where {{ in_loads_to_build(ref('int_transaction_loads__known'), 'load_id') }}
),

reviewed as (
    select * from {{ ref('int_transactions__reviewed') }}
),

-- The lookups stand here twice: a CTE that is used twice is stored apart, and keeps the whole pass
-- on one core.
sender_countries as (
    select * from {{ ref('countries') }}
),

receiver_countries as (
    select * from {{ ref('countries') }}
),

sender_aliases as (
    select * from {{ ref('country_aliases') }}
),

receiver_aliases as (
    select * from {{ ref('country_aliases') }}
),

sender_municipalities as (
    select lower(name) as municipality_key from {{ ref('swedish_municipalities') }}
),

receiver_municipalities as (
    select lower(name) as municipality_key from {{ ref('swedish_municipalities') }}
),

currency_names as (
    select
        currency as currency_key,
        currency,
        false as is_alias
    from {{ ref('currencies') }}
    where is_payment_currency
    union all
    select
        alias_key as currency_key,
        currency,
        true as is_alias
    from {{ ref('currency_aliases') }}
),

decided as (
    select
        lines._load_id,
        lines._line_no,
        {% for column in reviewable_columns() -%}
            coalesce(reviewed.set_{{ column }}, lines.{{ column }}_raw) as {{ column }}_raw,
        {% endfor -%}
        lines.transaction_type_raw,
        lines.sender_municipality,
        lines.receiver_municipality,
        lines.note,
        loads.business_date,
        reviewed.decision_id,
        reviewed.is_accepted,
        reviewed.set_columns,
        reviewed.waived_rule_ids
    from lines
    -- Behind a fence the planner would not know that this keeps all lines.
    inner join loads
        on lines._load_id = loads.load_id
    left join reviewed
        on
            lines._load_id = reviewed._load_id
            and lines._line_no = reviewed._line_no
),

dismantled as (
    select
        decided.*,
        {{ timestamp_is_canonical('timestamp_raw') }} as is_timestamp_canonical,
        {{ currency_key('currency_raw') }} as currency_key,
        {{ country_key('sender_country_raw') }} as sender_country_key,
        {{ country_key('receiver_country_raw') }} as receiver_country_key,
        {{ account_value('sender_account_raw') }} as sender_account,
        {{ account_value('receiver_account_raw') }} as receiver_account
    from decided
    {{ evaluate_once() }}
),

parted as (
    select
        *,
        case
            when not is_timestamp_canonical then {{ timestamp_parts('timestamp_raw') }}
        end as timestamp_parts
    from dismantled
    {{ evaluate_once() }}
),

recognised as (
    select
        parted.*,
        currency_names.currency as currency_code,
        currency_names.is_alias as is_currency_alias,
        {{ transaction_id_rule('transaction_id_raw') }} as transaction_id_rule,
        {{ timestamp_rule('timestamp_raw', 'is_timestamp_canonical', 'timestamp_parts') }}
            as timestamp_rule,
        {{ amount_rule('amount_raw') }} as amount_rule,
        {{ account_is_own('sender_account') }} as is_sender_own,
        {{ account_is_own('receiver_account') }} as is_receiver_own
    from parted
    left join currency_names
        on parted.currency_key = currency_names.currency_key
    {{ evaluate_once() }}
),

typed as (
    select
        recognised.*,
        {{ transaction_id_value('transaction_id_raw', 'transaction_id_rule') }} as transaction_id,
        {{ timestamp_local('timestamp_raw', 'timestamp_parts', 'timestamp_rule') }} as booked_local,
        {{ amount_value('amount_raw', 'amount_rule') }} as amount,
        {{ currency_rule('currency_raw', 'currency_code', 'is_currency_alias') }} as currency_rule,
        {{ account_failure(
            'sender_account', 'is_sender_own',
            'sender_countries.country_code', 'sender_countries.iban_length'
        ) }} as sender_account_rule,
        {{ account_failure(
            'receiver_account', 'is_receiver_own',
            'receiver_countries.country_code', 'receiver_countries.iban_length'
        ) }} as receiver_account_rule,
        {{ country_correction(
            'sender_country_raw', 'sender_country_key', 'sender_aliases', 'is_sender_own',
            'sender_municipalities.municipality_key is not null'
        ) }} as sender_country_correction,
        {{ country_correction(
            'receiver_country_raw', 'receiver_country_key', 'receiver_aliases', 'is_receiver_own',
            'receiver_municipalities.municipality_key is not null'
        ) }} as receiver_country_correction,
        sender_aliases.country_code as sender_country_found,
        receiver_aliases.country_code as receiver_country_found,
        coalesce(sender_aliases.kind = 'ambiguous', false) as is_sender_country_ambiguous,
        coalesce(receiver_aliases.kind = 'ambiguous', false) as is_receiver_country_ambiguous,
        -- Not every country with IBAN-like numbers is in the registry: such a number is taken on
        -- its checksum.
        not recognised.is_sender_own
        and sender_countries.iban_length is null as is_sender_iban_unregistered,
        not recognised.is_receiver_own
        and receiver_countries.iban_length is null as is_receiver_iban_unregistered
    from recognised
    left join sender_countries
        on
            not recognised.is_sender_own
            and left(recognised.sender_account, 2) = sender_countries.country_code
    left join receiver_countries
        on
            not recognised.is_receiver_own
            and left(recognised.receiver_account, 2) = receiver_countries.country_code
    left join sender_aliases
        on recognised.sender_country_key = sender_aliases.alias_key
    left join receiver_aliases
        on recognised.receiver_country_key = receiver_aliases.alias_key
    -- Asked only where there is no country: most lines then have nothing to look up.
    left join sender_municipalities
        on
            case
                when recognised.sender_country_key is null
                    then lower(recognised.sender_municipality)
            end = sender_municipalities.municipality_key
    left join receiver_municipalities
        on
            case
                when recognised.receiver_country_key is null
                    then lower(recognised.receiver_municipality)
            end = receiver_municipalities.municipality_key
    {{ evaluate_once() }}
),

placed as (
    select
        *,
        {{ timestamp_instant('timestamp_parts', 'timestamp_rule', 'booked_local') }} as booked_at,
        case
            when
                sender_country_correction in (
                    'country.from_own_account', 'country.from_municipality'
                )
                then 'SE'
            else sender_country_found
        end as sender_country,
        case
            when
                receiver_country_correction in (
                    'country.from_own_account', 'country.from_municipality'
                )
                then 'SE'
            else receiver_country_found
        end as receiver_country,
        case
            when is_sender_own and is_receiver_own then 'internal'
            when is_sender_own then 'outgoing'
            when is_receiver_own then 'incoming'
        end as direction,
        {{ amount_failure('amount', 'amount_rule') }} as amount_failure_rule,
        {{ transaction_type_correction('transaction_type_raw') }} as transaction_type_correction,
        lower({{ trimmed('transaction_type_raw') }}) as transaction_type_read
    from typed
    {{ evaluate_once() }}
),

waived as (
    select
        *,
        {{ unless_waived('amount_failure_rule') }} as amount_failure,
        {{ unless_waived('sender_account_rule') }} as sender_account_failure,
        {{ unless_waived('receiver_account_rule') }} as receiver_account_failure
    from placed
    {{ evaluate_once() }}
),

checked as (
    select
        *,
        {{ timestamp_dst_rule('timestamp_parts', 'timestamp_rule', 'booked_local', 'booked_at') }}
            as timestamp_dst_rule,
        case
            when
                sender_account_failure is null
                and receiver_account_failure is null
                and direction is null
                then 'account.no_own_side'
        end as ownership_failure,
        {{ country_flag(
            'sender_country', 'sender_country_correction', 'is_sender_country_ambiguous'
        ) }} as sender_country_flag,
        {{ country_flag(
            'receiver_country', 'receiver_country_correction', 'is_receiver_country_ambiguous'
        ) }} as receiver_country_flag
    from waived
    {{ evaluate_once() }}
)

select
    _load_id,
    _line_no,
    transaction_id,
    booked_at,
    cast(booked_local as date) as booked_date,
    cast(amount as numeric(22, 2)) as amount,
    currency_code as currency,
    direction,
    sender_account,
    receiver_account,
    sender_country,
    receiver_country,
    sender_municipality,
    receiver_municipality,
    case
        when transaction_type_correction = 'type.unreadable' then direction
        else transaction_type_read
    end as transaction_type,
    note,

    case
        when transaction_id is not null
            then {{ unless_reviewed('transaction_id', 'transaction_id_rule') }}
    end as transaction_id_correction,
    case
        when booked_at is null then null
        when timestamp_dst_rule = 'ts.dst_gap'
            then {{ unless_reviewed('timestamp', "coalesce(timestamp_rule, 'ts.dst_gap')") }}
        else {{ unless_reviewed('timestamp', 'timestamp_rule') }}
    end as timestamp_correction,
    case
        when amount is not null
            then {{ unless_reviewed('amount', 'amount_rule', 'amount_failure_rule') }}
    end as amount_correction,
    case
        when currency_code is not null then {{ unless_reviewed('currency', 'currency_rule') }}
    end as currency_correction,
    {% for side in ('sender', 'receiver') -%}
        {{ unless_reviewed(
            side ~ '_account',
            "case when " ~ side ~ "_account <> " ~ side ~ "_account_raw"
            ~ " then 'account.formatting' end",
            side ~ '_account_rule'
        ) }} as {{ side }}_account_correction,
    {% endfor -%}
    {% for side in ('sender', 'receiver') -%}
        {{ unless_reviewed(side ~ '_country', side ~ '_country_correction') }}
            as {{ side }}_country_correction,
    {% endfor -%}
    transaction_type_correction,

    coalesce(cast(booked_local as date) > business_date + 1, false) as is_future,
    -- What both sides have alike is said once.
    {{ words([
        "case when transaction_id is null then transaction_id_rule end",
        "case when booked_at is null then timestamp_rule end",
        "amount_failure",
        "case when currency_code is null then currency_rule end",
        "sender_account_failure",
        "nullif(receiver_account_failure, sender_account_failure)",
        "ownership_failure",
        "case when not is_accepted then 'review.rejected' end",
    ]) }} as failures,
    {{ words([
        "case
            when timestamp_rule = 'ts.two_digit_year' and booked_at is not null then timestamp_rule
        end",
        "timestamp_dst_rule",
        "case
            when cast(booked_local as date) < business_date - " ~ var('stale_after_days') ~ "
                then 'ts.stale'
        end",
        "case when amount_rule = 'amount.space_as_point' then amount_rule end",
        "case when sender_account = receiver_account then 'account.self_transfer' end",
        "case
            when is_sender_iban_unregistered or is_receiver_iban_unregistered
                then 'account.unregistered_iban'
        end",
        "case
            when transaction_type_read = 'incoming' and is_sender_own
                then 'type.contradicts_ownership'
            when transaction_type_read = 'outgoing' and not is_sender_own
                then 'type.contradicts_ownership'
        end",
        "sender_country_flag",
        "nullif(receiver_country_flag, sender_country_flag)",
    ]) }} as flags,
    decision_id
from checked
