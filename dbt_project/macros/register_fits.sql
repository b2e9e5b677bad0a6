{#- True where a register knows enough of the accounts that a load names as ours. -#}
{% macro register_fits(unknown_count, mention_count) -%}
    ({{ unknown_count }} <= {{ var('gate_max_unknown_account_share') }} * {{ mention_count }})
{%- endmacro %}
