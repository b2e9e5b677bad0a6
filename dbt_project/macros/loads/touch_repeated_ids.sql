{#-
    Takes the ids of int_transactions__deduplicated that are to be looked at again out of it, and
    keeps them in touched_ids for the rest of the transaction: those of loads that are gone, and of
    loads that stand in another version. All their rows go, for a line may be gone whose id no other
    line has, and a line that is judged again may have another id.
-#}
{% macro touch_repeated_ids(wanted) -%}
    {%- if is_incremental() -%}
        create temporary table {{ touched_ids() }} on commit drop as
        select distinct transaction_id
        from {{ this }}
        where
            {{ is_one_of('_load_id', by_load__unwanted_sql(wanted)) }}
            or {{ in_loads_to_build(wanted) }};
        analyze {{ touched_ids() }};
        delete from {{ this }}
        where {{ is_one_of('transaction_id', 'select transaction_id from ' ~ touched_ids()) }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro touched_ids() -%}
    {{ model.name }}__touched
{%- endmacro %}
