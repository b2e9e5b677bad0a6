{#- True for a line of int_transactions__judged with at least one corrected field. -#}
{% macro is_corrected() -%}
    coalesce(
        transaction_id_correction,
        timestamp_correction,
        amount_correction,
        currency_correction,
        sender_account_correction,
        receiver_account_correction,
        sender_country_correction,
        receiver_country_correction,
        transaction_type_correction
    ) is not null
{%- endmacro %}
