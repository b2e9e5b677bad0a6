{#- The rule by which a transaction type was corrected, null where it is canonical. -#}
{% macro transaction_type_correction(raw) -%}
    case
        when {{ raw }} in ('incoming', 'outgoing') then null
        when lower({{ trimmed(raw) }}) in ('incoming', 'outgoing') then 'type.case'
        else 'type.unreadable'
    end
{%- endmacro %}
