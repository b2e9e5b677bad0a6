{#- The statements of the by_load materialization. -#}

{#- How many loads are new to the model, stand in another version, or should no longer be there. -#}
{% macro by_load__changes_sql(wanted) -%}
    select
        count(*) filter (where applied.load_id is null) as fresh,
        count(*) filter (
            where wanted.load_id is not null and applied.version <> wanted.version
        ) as restated,
        count(*) filter (where wanted.load_id is null) as unwanted
    from {{ wanted }} as wanted
    full join (
        select load_id, version from {{ applied_loads() }} where model = '{{ model.name }}'
    ) as applied
        on wanted.load_id = applied.load_id
{%- endmacro %}

{% macro by_load__unwanted_sql(wanted) -%}
    select applied.load_id
    from {{ applied_loads() }} as applied
    where
        applied.model = '{{ model.name }}'
        and not exists (
            select 1 from {{ wanted }} as wanted where wanted.load_id = applied.load_id
        )
{%- endmacro %}

{% macro by_load__record_applied_sql(wanted) -%}
    delete from {{ applied_loads() }} as applied
    where
        applied.model = '{{ model.name }}'
        and not exists (
            select 1
            from {{ wanted }} as wanted
            where wanted.load_id = applied.load_id and wanted.version = applied.version
        );
    insert into {{ applied_loads() }} (model, load_id, version)
    select '{{ model.name }}', wanted.load_id, wanted.version
    from {{ wanted }} as wanted
    on conflict do nothing
{%- endmacro %}

{#-
    Restates exactly the rows that differ: the wanted rows are laid beside the table, then what is
    gone is deleted, what is new or changed replaced. Deletes come first, so that a key may move
    from one load to another.
-#}
{% macro by_load__restate_sql(target, wanted, columns, unique_key, sql) -%}
    create temporary table {{ model.name }}__wanted on commit drop as
    {{ sql }};
    create index on {{ model.name }}__wanted ({{ unique_key | join(', ') }});
    analyze {{ model.name }}__wanted;

    delete from {{ target }} as standing
    where
        {{ is_one_of('standing._load_id', loads_to_build(wanted)) }}
        and not exists (
            select 1
            from {{ model.name }}__wanted as wanted_row
            where
                {%- for column in unique_key %}
                wanted_row.{{ column }} = standing.{{ column }} and
                {%- endfor %}
                (
                    {%- for column in columns %}
                    wanted_row.{{ column }}{{ ',' if not loop.last }}
                    {%- endfor %}
                ) is not distinct from (
                    {%- for column in columns %}
                    standing.{{ column }}{{ ',' if not loop.last }}
                    {%- endfor %}
                )
        );

    insert into {{ target }} ({{ columns | join(', ') }})
    select {% for column in columns %}wanted_row.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ model.name }}__wanted as wanted_row
    where not exists (
        select 1
        from {{ target }} as standing
        where
            {{ is_one_of('standing._load_id', loads_to_build(wanted)) }}
            {%- for column in unique_key %}
            and standing.{{ column }} = wanted_row.{{ column }}
            {%- endfor %}
    )
{%- endmacro %}

{% macro by_load__insert_sql(target, columns, sql) -%}
    insert into {{ target }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }} from (
        {{ sql }}
    ) as fresh_rows
{%- endmacro %}

{#- The primary key of a table: its name and the words that add it again. -#}
{% macro by_load__primary_key_sql(target) -%}
    select
        quote_ident(conname) as name,
        'constraint ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) as definition
    from pg_constraint
    where conrelid = '{{ target }}'::regclass and contype = 'p'
{%- endmacro %}
