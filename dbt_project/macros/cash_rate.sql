{#-
    What one unit of the line's currency is in EUR or USD, from the column that the settings say
    holds it: a rate may be written either way round. Or its reciprocal, which is exact where the
    column holds just that.
-#}
{% macro cash_rate(reporting_currency, usd_rate, eur_rate, is_reciprocal=false) -%}
    {%- set meanings = {
        usd_rate: var('cashflow_usd_rate_is'),
        eur_rate: var('cashflow_eur_rate_is')
    } -%}
    {%- set unit = reporting_currency | lower -%}
    {%- set found = [] -%}
    {%- for column, meaning in meanings.items() -%}
        {%- if meaning in (unit ~ '_per_unit', 'units_per_' ~ unit) -%}
            {%- set is_turned = (meaning == 'units_per_' ~ unit) != is_reciprocal -%}
            {%- do found.append('1 / ' ~ column if is_turned else column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if found | length != 1 -%}
        {{ exceptions.raise_compiler_error(
            "cashflow_usd_rate_is and cashflow_eur_rate_is must be usd_per_unit or units_per_usd "
            ~ "for one, eur_per_unit or units_per_eur for the other; found "
            ~ meanings.values() | join(' and ')
        ) }}
    {%- endif -%}
    {{ found[0] }}
{%- endmacro %}
