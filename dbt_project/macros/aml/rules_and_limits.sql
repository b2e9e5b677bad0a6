{#- The seed's rows of these rules, but for drafts, with their limits in SEK scaled and their window as an interval. -#}
{% macro rules_and_limits(rule_ids) -%}
    select
        *,
        floor_sek * {{ var('aml_floor_scale') }} as scaled_floor_sek,
        store_from * {{ var('aml_floor_scale') }} as scaled_store_from,
        window_minutes * interval '1 minute' as window_length
    from {{ ref('aml_rules') }}
    where
        rule_id in ('{{ rule_ids | join("', '") }}')
        and status <> 'draft'
{%- endmacro %}
