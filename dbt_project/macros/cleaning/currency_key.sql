{#- What a raw currency is looked up by. -#}
{% macro currency_key(raw) -%}
    upper({{ trimmed(raw) }})
{%- endmacro %}
