{#- The transaction id (uuid) of a raw text under its rule, null where the rule rejects it. -#}
{% macro transaction_id_value(raw, rule) -%}
    case
        when {{ rule }} is null then {{ cast_as(raw, 'uuid') }}
        when {{ rule }} = 'id.formatting' then {{ cast_as(trimmed(raw), 'uuid') }}
    end
{%- endmacro %}
