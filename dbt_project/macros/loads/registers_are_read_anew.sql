{#-
    SQL: true where int_accounts__listed can not simply take up new registers: one that it has seen is
    in force no more or is judged again, or one that it has not seen is older than one that it has.
-#}
{% macro registers_are_read_anew() -%}
    {%- set registers = ref('int_registers__in_force') -%}
    (
        exists ({{ by_load__unwanted_sql(registers) }})
        or exists (
            select 1 from {{ applied_loads() }} as applied
            where
                applied.model = '{{ model.name }}'
                and {{ in_loads_to_build(registers, 'applied.load_id') }}
        )
        or coalesce((
            select min(business_date) from {{ registers }}
            where {{ in_loads_to_build(registers, 'load_id') }}
        ) < (select max(register_date) from {{ this }}), false)
    )
{%- endmacro %}

{#- A post-hook: then, accounts may be in no register any more. -#}
{% macro forget_accounts_in_no_register() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            {{ registers_are_read_anew() }}
            and account not in (
                select lines.account
                from {{ ref('int_registers__in_force') }} as registers
                inner join {{ ref('int_customers__judged') }} as lines
                    on registers.load_id = lines._load_id
                where lines.outcome = 'accepted'
            )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
