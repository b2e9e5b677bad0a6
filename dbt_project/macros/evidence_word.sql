{#- One payment of a hit's evidence as a word, `role:hop:transaction_id`; see bridge_alert_transactions. -#}
{% macro evidence_word(role, hop, transaction_id) -%}
    {{ role }} || ':' || {{ hop }} || ':' || {{ transaction_id }}
{%- endmacro %}
