{#- The mode in which dirty payments are judged, as a text; misspelled, nothing is built. -#}
{% macro cash_mode() -%}
    {%- set known = ['strict', 'include_batches', 'one_valid_leg'] -%}
    {%- if var('cashflow_mode') not in known -%}
        {{ exceptions.raise_compiler_error(
            "cashflow_mode must be " ~ known | join(', ') ~ "; found " ~ var('cashflow_mode')
        ) }}
    {%- endif -%}
    {{ var('cashflow_mode') }}
{%- endmacro %}
