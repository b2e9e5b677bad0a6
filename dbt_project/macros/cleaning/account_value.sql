{#-
    An account number without blanks and hyphens, in upper case; null where nothing is left.
    Nearly all stand as they should, and taking them apart costs five times as much as seeing that.
-#}
{% macro account_value(raw) -%}
    case
        when {{ matches(raw, '[^A-Z0-9]') }} then nullif(upper({{ without_blanks(raw, '-') }}), '')
        else nullif({{ raw }}, '')
    end
{%- endmacro %}
