{#-
    Takes the pairs out of int_registers__fitted of which a side is gone, is judged again or had lines
    judged otherwise; what came of the others still stands.
-#}
{% macro forget_fits_of_changed_loads(wanted) -%}
    {%- if is_incremental() -%}
        {%- set judged = ref('int_transactions__judged') -%}
        {%- set changed = (
            loads_to_build(wanted)
            ~ ' union all ' ~ by_load__unwanted_sql(wanted)
            ~ ' union all select _load_id from ' ~ changes_of(judged)
            ~ ' where _change_id > ' ~ by_load__through_sql(judged.identifier)
        ) -%}
        delete from {{ this }}
        where
            {{ is_one_of('load_id', changed) }}
            or {{ is_one_of('register_load_id', changed) }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
