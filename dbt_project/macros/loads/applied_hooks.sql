{#-
    For incremental models whose unit is not the load, but which follow loads all the same: the
    versions they have seen are recorded in the transaction that writes their rows.
-#}
{% macro forget_applied() -%}
    {%- if is_incremental() -%}
        select 1
    {%- else -%}
        delete from {{ applied_loads() }} where model = '{{ model.name }}'
    {%- endif -%}
{%- endmacro %}

{% macro record_applied(wanted) -%}
    {{ by_load__record_applied_sql(wanted) }}
{%- endmacro %}
