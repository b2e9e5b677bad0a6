{#-
    The state of the models that are built load by load: which version of which load stands in which
    model, and through which change of the tables that it follows. A model writes its rows and its
    rows here in one transaction, so they never disagree, whenever it is killed.
-#}
{% macro applied_loads() -%}
    intermediate.applied_loads
{%- endmacro %}

{#- Through which change of a source a model has come: the highest number of its log of changes. -#}
{% macro applied_changes() -%}
    intermediate.applied_changes
{%- endmacro %}

{#- Numbers the changes of all logs; it never begins anew, so a model is never told of a change twice. -#}
{% macro change_numbers() -%}
    intermediate.change_numbers
{%- endmacro %}

{#- What stands in which seed's table. -#}
{% macro loaded_seeds() -%}
    intermediate.loaded_seeds
{%- endmacro %}

{% macro create_applied_loads() %}
    do $create_applied_loads$
    begin
        if
            to_regclass('{{ applied_loads() }}') is null
            or to_regclass('{{ applied_changes() }}') is null
            or to_regclass('{{ loaded_seeds() }}') is null
        then
            -- Of two runs on a new database one makes them. Tables that stand are not locked.
            perform pg_advisory_xact_lock({{ fence_lock_key() }});
            {#- The hooks' connection has rolled back the profile's role by now (dbt-postgres 1.11). -#}
            {%- if target.role %}
            set local role {{ target.role }};
            {%- endif %}
            create table if not exists {{ applied_loads() }} (
                model text not null,
                load_id integer not null,
                version text not null,
                applied_at timestamp with time zone not null default now(),
                primary key (model, load_id)
            );
            create table if not exists {{ applied_changes() }} (
                model text not null,
                source text not null,
                through bigint not null,
                primary key (model, source)
            );
            create table if not exists {{ loaded_seeds() }} (
                seed text primary key,
                fingerprint text not null
            );
            create sequence if not exists {{ change_numbers() }};
        end if;
    end
    $create_applied_loads$
{% endmacro %}
