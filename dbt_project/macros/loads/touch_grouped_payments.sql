{#-
    As touch_repeated_ids, for int_cash_transactions__grouped: the payments that are to be looked at
    again are taken out of it, and their keys kept for the rest of the transaction.
-#}
{% macro touch_grouped_payments(wanted) -%}
    {%- if is_incremental() -%}
        create temporary table {{ touched_payments() }} on commit drop as
        select distinct payment_key
        from {{ this }}
        where
            {{ is_one_of('_load_id', by_load__unwanted_sql(wanted)) }}
            or {{ in_loads_to_build(wanted) }};
        analyze {{ touched_payments() }};
        delete from {{ this }}
        where {{ is_one_of('payment_key', 'select payment_key from ' ~ touched_payments()) }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro touched_payments() -%}
    {{ model.name }}__touched
{%- endmacro %}
