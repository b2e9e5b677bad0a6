{#- The rule a raw transaction id meets, null where it is a UUID in lower case with hyphens. -#}
{% macro transaction_id_rule(raw) -%}
    case
        when {{ transaction_id_is_canonical(raw) }} then null
        when {{ raw }} is null or {{ trimmed(raw) }} = '' then 'id.missing'
        when {{ is_castable(trimmed(raw), 'uuid') }} then 'id.formatting'
        else 'id.not_uuid'
    end
{%- endmacro %}
