{#-
    Which changed lines (`changed`, of int_aml_edges__keyed) a model has to look at, for touch_units:
    every night lines of all earlier loads come to their day, and few of them say anything new.
-#}

{#- Of int_aml_edges__dense: lines with another line of their sender near them, now or before. -#}
{% macro has_near_payments() -%}
    changed.is_sender_own
    and (
        exists (
            select 1 from {{ ref('int_aml_edges__keyed') }} as near_ones
            where
                near_ones._load_id = changed._load_id
                and near_ones.sender_key = changed.sender_key
                and near_ones.booked_date between changed.booked_date - 1 and changed.booked_date + 1
                and near_ones.booked_at between
                changed.booked_at - {{ dense_span() }} and changed.booked_at + {{ dense_span() }}
                and near_ones.transaction_id <> changed.transaction_id
        )
        or {{ unit_stands('sender_key') }}
    )
{%- endmacro %}

{#-
    Of int_aml_edges__small_foreign: a line that is no small payment from abroad only lowers shares,
    so that it matters where such ones stand.
-#}
{% macro moves_small_shares() -%}
    changed.is_receiver_own
    and (
        changed._sign = -1
        or {{ is_small_from_abroad('changed') }}
        or {{ unit_stands('receiver_key') }}
    )
{%- endmacro %}

{#- Whether the model has rows of the line's delivery and account. -#}
{% macro unit_stands(key) -%}
    exists (
        select 1 from {{ this }} as standing
        where
            standing._load_id = changed._load_id
            and standing.{{ key }} = changed.{{ key }}
    )
{%- endmacro %}

{#- Within this, payments of a sender may be a burst. -#}
{% macro dense_span() -%}
    interval '5 minutes'
{%- endmacro %}

{% macro is_small_from_abroad(payment) -%}
    not {{ payment }}.is_sender_own and {{ payment }}.amount_eur <= {{ var('aml_small_limit_eur') }}
{%- endmacro %}
