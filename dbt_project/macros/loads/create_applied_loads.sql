{#-
    The state of the models that are built load by load: which version of which load stands in which
    model. A model writes its rows and its row here in one transaction, so the two never disagree,
    whenever it is killed.
-#}
{% macro applied_loads() -%}
    intermediate.applied_loads
{%- endmacro %}

{% macro create_applied_loads() %}
    create table if not exists {{ applied_loads() }} (
        model text not null,
        load_id integer not null,
        version text not null,
        applied_at timestamp with time zone not null default now(),
        primary key (model, load_id)
    );
    {#- The hooks' connection has rolled back the profile's role by now (dbt-postgres 1.11). -#}
    {%- if target.role %}
    alter table {{ applied_loads() }} owner to {{ target.role }};
    {%- endif %}
{% endmacro %}
