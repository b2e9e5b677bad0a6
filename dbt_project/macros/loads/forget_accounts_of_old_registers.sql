{#-
    Empties int_accounts__listed before it is built, where what stands there can not be added to: a
    register that it has seen is in force no more or is judged again, or one that it has not seen is
    older than one that it has.
-#}
{% macro forget_accounts_of_old_registers() -%}
    {%- set registers = ref('int_registers__in_force') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            exists ({{ by_load__unwanted_sql(registers) }})
            or exists (
                select 1 from {{ applied_loads() }} as applied
                where
                    applied.model = '{{ model.name }}'
                    and {{ in_loads_to_build(registers, 'applied.load_id') }}
            )
            or (
                select min(business_date) from {{ registers }}
                where {{ in_loads_to_build(registers, 'load_id') }}
            ) < (select max(register_date) from {{ this }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
