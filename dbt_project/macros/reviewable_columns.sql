{#- The columns of a line of transactions that two persons may set: those that rules are about. -#}
{% macro reviewable_columns() -%}
    {{ return([
        'transaction_id',
        'timestamp',
        'amount',
        'currency',
        'sender_account',
        'receiver_account',
        'sender_country',
        'receiver_country',
    ]) }}
{%- endmacro %}
