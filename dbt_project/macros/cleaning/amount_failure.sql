{#- The rule by which an amount that was read rejects its line, null where it may stand. -#}
{% macro amount_failure(amount, rule) -%}
    case
        when {{ amount }} is null then {{ rule }}
        when {{ amount }} <= 0 then 'amount.not_positive'
        when {{ amount }} > {{ var('amount_ceiling') }} then 'amount.implausible'
    end
{%- endmacro %}
