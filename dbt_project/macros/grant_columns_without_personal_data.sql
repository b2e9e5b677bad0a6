{#- Lets readers see a mart's columns, but for those marked `meta: {personal: true}`. -#}
{% macro grant_columns_without_personal_data() -%}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- if not column.config.get('meta', {}).get('personal') -%}
            {%- do columns.append(adapter.quote(column.name)) -%}
        {%- endif -%}
    {%- endfor -%}
    grant select ({{ columns | join(', ') }}) on {{ this }} to sluss_reader
{%- endmacro %}
