{#- The end of a finding: what nearly all accounts stay below; null where the delivery is too small to tell. -#}
{% macro heavy_limit_text(measure, limit) -%}
coalesce(
        '; {{ var('aml_heavy_day_percentile') }} of 100 accounts '
        || case {{ measure }}
            when 'account_amount' then 'move less than ' || {{ money_text(limit) }}
            else 'have fewer than ' || {{ number_text(limit) }}
        end,
        '; the delivery has too few accounts to tell what is usual'
    )
{%- endmacro %}
