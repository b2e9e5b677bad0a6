{#-
    The table has exactly these columns, in any order. Both sides are put through the filter `transform` first
    ("upper" or "lower"; none compares letter by letter). One row for each column too many or missing.
-#}
{% test expect_table_columns_to_match_set(model, column_list, transform="upper") %}
{%- if execute -%}
    {#- Asked of a query, not of a relation: with a `where` config the model is a sub-select. -#}
    {%- set actual = get_columns_in_query("select * from " ~ model) -%}
    {%- set expected = column_list -%}
    {%- if transform -%}
        {%- set actual = actual | map(transform) | list -%}
        {%- set expected = expected | map(transform) | list -%}
    {%- endif -%}
    {%- set differences = [] -%}
    {%- for column in expected if column not in actual -%}
        {%- do differences.append((column, "missing")) -%}
    {%- endfor -%}
    {%- for column in actual if column not in expected -%}
        {%- do differences.append((column, "not expected")) -%}
    {%- endfor -%}
    {%- for column, problem in differences %}
select {{ dbt_expectations.text_literal(column) }} as column_name, '{{ problem }}' as problem
        {%- if not loop.last %} union all {% endif -%}
    {%- else %}
select cast(null as {{ dbt.type_string() }}) as column_name, cast(null as {{ dbt.type_string() }}) as problem
where false
    {%- endfor -%}
{%- endif %}
{% endtest %}
