{#-
    The seed's rows of a pair of rules about an account's days, but for drafts: one asks for SEK of the
    day, which scales with the floors, the other for payments.
-#}
{% macro rules_about_days(of_value, of_velocity) -%}
    select
        *,
        cast(window_minutes / 1440 as integer) as window_days,
        case rule_id
            when '{{ of_value }}' then 'account_amount' else 'account_count'
        end as measure,
        case rule_id
            when '{{ of_value }}' then store_from * {{ var('aml_floor_scale') }}
            else store_from
        end as scaled_store_from
    from {{ ref('aml_rules') }}
    where
        rule_id in ('{{ of_value }}', '{{ of_velocity }}')
        and status <> 'draft'
{%- endmacro %}
