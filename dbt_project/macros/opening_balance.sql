{#- What a balance begins at: 0, or the reference balance, where there is one (a setting). -#}
{% macro opening_balance(reference_balance) -%}
    {%- if var('cashflow_opening_balance') not in ['zero', 'reference'] -%}
        {{ exceptions.raise_compiler_error(
            "cashflow_opening_balance must be zero or reference; found "
            ~ var('cashflow_opening_balance')
        ) }}
    {%- endif -%}
    {{ 'coalesce(' ~ reference_balance ~ ', 0)' if var('cashflow_opening_balance') == 'reference' else '0' }}
{%- endmacro %}
