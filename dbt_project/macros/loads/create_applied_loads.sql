{#-
    The state of the models that are built load by load: which version of which load stands in which
    model. A model writes its rows and its row here in one transaction, so the two never disagree,
    whenever it is killed.
-#}
{% macro applied_loads() -%}
    intermediate.applied_loads
{%- endmacro %}

{% macro create_applied_loads() %}
    do $create_applied_loads$
    begin
        if to_regclass('{{ applied_loads() }}') is null then
            -- Of two runs on a new database one makes it. A table that stands is not locked.
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
        end if;
    end
    $create_applied_loads$
{% endmacro %}
