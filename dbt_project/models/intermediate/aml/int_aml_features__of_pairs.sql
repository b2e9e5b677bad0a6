{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[
        {'columns': ['sender_key', 'receiver_key', 'met_date'], 'unique': true},
        {'columns': ['met_date'], 'type': 'btree'},
    ],
    pre_hook="{{ touch_features_of_pairs(ref('int_aml_pairs__new')) }}",
    post_hook=[
        "{{ note_touched_pairs('int_aml_pairs__scored') }}",
        "{{ forget_reopened_windows('int_aml_features__of_pairs') }}",
    ]
) }}

-- One row per new pair and day: what was known of the two accounts and those around them at the end
-- of that day. Windows are whole days up to the day itself; nothing after it is looked at, and the
-- order within the day is not either. A path of two payments may so have them on the same day in
-- either order: where a feed knows only days, that is all there is to know.
--
-- The new pairs are named where they are joined: a step that is read so often would be put aside,
-- without its indexes.

with pairs as (
    select
        new_pairs.sender_key,
        new_pairs.receiver_key,
        new_pairs.met_date,
        new_pairs.amount_sek
    from {{ due_pairs() if is_incremental() else ref('int_aml_pairs__new') }} as new_pairs
),

accounts as (
    select
        sender_key as account_key,
        met_date
    from pairs
    union distinct
    select
        receiver_key as account_key,
        met_date
    from pairs
),

out_degrees as (
    select
        accounts.account_key,
        accounts.met_date,
        count(*) filter (where pairs.met_date > accounts.met_date - 1) as new_out_1d,
        count(*) filter (where pairs.met_date > accounts.met_date - 3) as new_out_3d,
        count(*) filter (where pairs.met_date > accounts.met_date - 7) as new_out_7d,
        count(*) filter (where pairs.met_date > accounts.met_date - 14) as new_out_14d,
        count(*) as new_out_60d,
        sum(pairs.amount_sek) filter (where pairs.met_date > accounts.met_date - 14)
            as new_out_amount_14d
    from accounts
    inner join {{ ref('int_aml_pairs__new') }} as pairs
        on
            accounts.account_key = pairs.sender_key
            and accounts.met_date >= pairs.met_date
            and pairs.met_date > accounts.met_date - {{ var('aml_degree_days') }}
    group by accounts.account_key, accounts.met_date
),

in_degrees as (
    select
        accounts.account_key,
        accounts.met_date,
        count(*) filter (where pairs.met_date > accounts.met_date - 1) as new_in_1d,
        count(*) filter (where pairs.met_date > accounts.met_date - 3) as new_in_3d,
        count(*) filter (where pairs.met_date > accounts.met_date - 7) as new_in_7d,
        count(*) filter (where pairs.met_date > accounts.met_date - 14) as new_in_14d,
        count(*) filter (where pairs.met_date > accounts.met_date - 30) as new_in_30d,
        count(*) as new_in_60d,
        sum(pairs.amount_sek) filter (where pairs.met_date > accounts.met_date - 14)
            as new_in_amount_14d
    from accounts
    inner join {{ ref('int_aml_pairs__new') }} as pairs
        on
            accounts.account_key = pairs.receiver_key
            and accounts.met_date >= pairs.met_date
            and pairs.met_date > accounts.met_date - {{ var('aml_degree_days') }}
    group by accounts.account_key, accounts.met_date
),

-- Who else has begun to pay the payee, and whom else those pay; a square where the payer does too.
co_payers as (
    select
        pairs.sender_key,
        pairs.receiver_key,
        pairs.met_date,
        count(*) filter (
            where least(payer.met_date, payment.met_date) > pairs.met_date - 3
        ) as co_payer_path_3d,
        count(*) as co_payer_path_14d,
        count(*) filter (
            where own.met_date is not null
            and least(payer.met_date, payment.met_date, own.met_date) > pairs.met_date - 3
        ) as square_3d,
        count(*) filter (
            where own.met_date is not null
            and least(payer.met_date, payment.met_date, own.met_date) > pairs.met_date - 7
        ) as square_7d,
        count(own.met_date) as square_14d
    from pairs
    inner join {{ ref('int_aml_pairs__new') }} as payer
        on
            pairs.receiver_key = payer.receiver_key
            and pairs.sender_key <> payer.sender_key
            and pairs.met_date >= payer.met_date
            and payer.met_date > pairs.met_date - {{ var('aml_path_days') }}
    inner join {{ ref('int_aml_pairs__new') }} as payment
        on
            payer.sender_key = payment.sender_key
            and pairs.receiver_key <> payment.receiver_key
            and pairs.met_date >= payment.met_date
            and payment.met_date > pairs.met_date - {{ var('aml_path_days') }}
    left join {{ ref('int_aml_pairs__new') }} as own
        on
            pairs.sender_key = own.sender_key
            and payment.receiver_key = own.receiver_key
            and pairs.met_date >= own.met_date
            and own.met_date > pairs.met_date - {{ var('aml_path_days') }}
    group by pairs.sender_key, pairs.receiver_key, pairs.met_date
),

co_payees as (
    select
        pairs.sender_key,
        pairs.receiver_key,
        pairs.met_date,
        count(*) filter (
            where least(payee.met_date, payment.met_date) > pairs.met_date - 3
        ) as co_payee_path_3d,
        count(*) as co_payee_path_14d
    from pairs
    inner join {{ ref('int_aml_pairs__new') }} as payee
        on
            pairs.sender_key = payee.sender_key
            and pairs.receiver_key <> payee.receiver_key
            and pairs.met_date >= payee.met_date
            and payee.met_date > pairs.met_date - {{ var('aml_path_days') }}
    inner join {{ ref('int_aml_pairs__new') }} as payment
        on
            payee.receiver_key = payment.receiver_key
            and pairs.sender_key <> payment.sender_key
            and pairs.met_date >= payment.met_date
            and payment.met_date > pairs.met_date - {{ var('aml_path_days') }}
    group by pairs.sender_key, pairs.receiver_key, pairs.met_date
),

paths_in as (
    select
        accounts.account_key,
        accounts.met_date,
        count(*) filter (
            where least(payer.met_date, payment.met_date) > accounts.met_date - 7
        ) as path_in_7d,
        count(*) as path_in_14d
    from accounts
    inner join {{ ref('int_aml_pairs__new') }} as payer
        on
            accounts.account_key = payer.receiver_key
            and accounts.met_date >= payer.met_date
            and payer.met_date > accounts.met_date - {{ var('aml_path_days') }}
    inner join {{ ref('int_aml_pairs__new') }} as payment
        on
            payer.sender_key = payment.receiver_key
            and accounts.met_date >= payment.met_date
            and payment.met_date > accounts.met_date - {{ var('aml_path_days') }}
    group by accounts.account_key, accounts.met_date
)

select
    pairs.sender_key,
    pairs.receiver_key,
    pairs.met_date,
    coalesce(sender_out.new_out_1d, 0) as sender_new_out_1d,
    coalesce(sender_out.new_out_3d, 0) as sender_new_out_3d,
    coalesce(sender_out.new_out_7d, 0) as sender_new_out_7d,
    coalesce(sender_out.new_out_14d, 0) as sender_new_out_14d,
    coalesce(sender_in.new_in_3d, 0) as sender_new_in_3d,
    coalesce(sender_in.new_in_14d, 0) as sender_new_in_14d,
    coalesce(sender_in.new_in_60d, 0) as sender_new_in_60d,
    coalesce(receiver_in.new_in_1d, 0) as receiver_new_in_1d,
    coalesce(receiver_in.new_in_3d, 0) as receiver_new_in_3d,
    coalesce(receiver_in.new_in_7d, 0) as receiver_new_in_7d,
    coalesce(receiver_in.new_in_14d, 0) as receiver_new_in_14d,
    coalesce(receiver_in.new_in_30d, 0) as receiver_new_in_30d,
    coalesce(receiver_out.new_out_14d, 0) as receiver_new_out_14d,
    coalesce(receiver_out.new_out_60d, 0) as receiver_new_out_60d,
    coalesce(sender_in.new_in_amount_14d, 0) as sender_new_in_amount_14d,
    coalesce(receiver_in.new_in_amount_14d, 0) as receiver_new_in_amount_14d,
    round(
        coalesce(sender_out.new_out_amount_14d / nullif(sender_in.new_in_amount_14d, 0), 0), 3
    ) as sender_passed_on_share_14d,
    coalesce(co_payers.co_payer_path_3d, 0) as co_payer_path_3d,
    coalesce(co_payers.co_payer_path_14d, 0) as co_payer_path_14d,
    coalesce(co_payers.square_3d, 0) as square_3d,
    coalesce(co_payers.square_7d, 0) as square_7d,
    coalesce(co_payers.square_14d, 0) as square_14d,
    coalesce(co_payees.co_payee_path_3d, 0) as co_payee_path_3d,
    coalesce(co_payees.co_payee_path_14d, 0) as co_payee_path_14d,
    coalesce(sender_paths.path_in_7d, 0) as sender_path_in_7d,
    coalesce(sender_paths.path_in_14d, 0) as sender_path_in_14d,
    coalesce(pairs.amount_sek, 0) as pair_amount
from pairs
left join out_degrees as sender_out
    on
        pairs.sender_key = sender_out.account_key
        and pairs.met_date = sender_out.met_date
left join in_degrees as sender_in
    on
        pairs.sender_key = sender_in.account_key
        and pairs.met_date = sender_in.met_date
left join out_degrees as receiver_out
    on
        pairs.receiver_key = receiver_out.account_key
        and pairs.met_date = receiver_out.met_date
left join in_degrees as receiver_in
    on
        pairs.receiver_key = receiver_in.account_key
        and pairs.met_date = receiver_in.met_date
left join paths_in as sender_paths
    on
        pairs.sender_key = sender_paths.account_key
        and pairs.met_date = sender_paths.met_date
left join co_payers
    on
        pairs.sender_key = co_payers.sender_key
        and pairs.receiver_key = co_payers.receiver_key
        and pairs.met_date = co_payers.met_date
left join co_payees
    on
        pairs.sender_key = co_payees.sender_key
        and pairs.receiver_key = co_payees.receiver_key
        and pairs.met_date = co_payees.met_date
