{#-
    The rule a raw currency meets, null where it is an ISO 4217 code as it stands. `code` and
    `is_alias` are what the lookup by currency_key() found: null where it found nothing.
-#}
{% macro currency_rule(raw, code, is_alias) -%}
    case
        when {{ raw }} = {{ code }} and not {{ is_alias }} then null
        when {{ raw }} is null or {{ trimmed(raw) }} = '' then 'currency.missing'
        when {{ code }} is null then 'currency.unknown'
        when {{ is_alias }} then 'currency.alias'
        when {{ trimmed(raw) }} = {{ code }} then 'currency.trimmed'
        else 'currency.case'
    end
{%- endmacro %}
