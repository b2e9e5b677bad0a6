{#- The position of any company in any window, for whoever asks: marts.company_position(). -#}
{% macro create_company_position() -%}
    {%- set columns = {
        'company_id': 'integer', 'company_name': 'text', 'from_date': 'date', 'to_date': 'date',
        'cash_mode': 'text'
    } -%}
    {%- for currency in ['eur', 'usd'] -%}
        {%- for what in ['opening', 'credit', 'debit', 'balance', 'over_committed', 'under_committed'] -%}
            {%- do columns.update({what ~ '_amount_' ~ currency: 'numeric'}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do columns.update({
        'credit_count': 'bigint', 'debit_count': 'bigint', 'counterparty_countries': 'jsonb',
        'excluded_lines': 'jsonb'
    }) -%}
    {{ create_table_function(
        this.schema ~ '.company_position',
        {'of_company_id': 'integer', 'from_day': 'date', 'to_day': 'date'},
        columns,
        company_position_query('of_company_id', 'from_day', 'to_day'),
        'The position of a company in the days from from_day up to, not including, to_day: one row, '
        ~ 'as in marts.rpt_company_position.'
    ) }}
{%- endmacro %}
