{#- The columns of int_aml_features__of_pairs that may give points; seed aml_features has their words. -#}
{% macro scored_features() -%}
    {{ return([
        'sender_new_out_1d',
        'sender_new_out_3d',
        'sender_new_out_7d',
        'sender_new_out_14d',
        'sender_new_in_3d',
        'sender_new_in_14d',
        'sender_new_in_60d',
        'receiver_new_in_1d',
        'receiver_new_in_3d',
        'receiver_new_in_7d',
        'receiver_new_in_14d',
        'receiver_new_in_30d',
        'receiver_new_out_14d',
        'receiver_new_out_60d',
        'sender_new_in_amount_14d',
        'receiver_new_in_amount_14d',
        'sender_passed_on_share_14d',
        'co_payer_path_3d',
        'co_payer_path_14d',
        'square_3d',
        'square_7d',
        'square_14d',
        'co_payee_path_3d',
        'co_payee_path_14d',
        'sender_path_in_7d',
        'sender_path_in_14d',
        'pair_amount'
    ]) }}
{%- endmacro %}
