{#-
    Of several dbt runs on one database, one writes. `sluss build` and Dagster wait for each other on
    an advisory lock (sluss/build.py). A plain `dbt build` cannot: dbt closes its connections between
    models, and a session's lock goes with its session. So

    - a run that begins while somebody holds that lock stops at once and says who holds it;
    - else it enters itself as the current build (begin_build), and each model, seed and snapshot
      makes sure, in the transaction that writes its rows, that the run is still the current one
      (assert_current_build). Where two plain runs meet, the later one takes over and the earlier
      one ends at its next model; no table is ever filled from two runs' idea of the loads.

    The same check ends a dbt that outlived the process that started it.

    Commands that write no tables of ours (test, compile, docs) neither ask nor are asked.
-#}

{#- "SLUS" and "BLD", as in sluss/build.py: held by whoever has dbt run. -#}
{% macro build_lock_key() -%} 1397511507, 4344900 {%- endmacro %}

{#- "SLUS" and "FNC": shared by each model that is being written; taken alone to begin a build. -#}
{% macro fence_lock_key() -%} 1397511507, 4607555 {%- endmacro %}

{% macro current_build() -%} intermediate.current_build {%- endmacro %}

{% macro is_a_build() -%}
    {{ return(execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'clone', 'retry')) }}
{%- endmacro %}

{#-
    on-run-start, first of all. It runs while the hook is rendered: what is raised then ends dbt at
    once, with the one sentence; after a hook whose SQL fails, dbt tries every model all the same.
-#}
{% macro begin_build() -%}
    {%- if is_a_build() -%}
        {%- do say_what_is_waited_for() -%}
        {%- do run_query(begin_build_sql()) -%}
    {%- endif -%}
{%- endmacro %}

{% macro begin_build_sql() -%}
    {#- The process that started this dbt holds the lock on this session. -#}
    {%- set starter = env_var('SLUSS_BUILD_LOCK_PID', '0') | int %}
    do $begin_build$
    declare
        holder record;
    begin
        -- Models that another run is writing end first; its next ones queue up behind this.
        perform pg_advisory_xact_lock({{ fence_lock_key() }});
        select locks.pid, activity.application_name
        into holder
        from pg_locks as locks
        left join pg_stat_activity as activity
            on locks.pid = activity.pid
        where
            locks.locktype = 'advisory'
            and locks.granted
            and locks.database = (select oid from pg_database where datname = current_database())
            and locks.objsubid = 2
            and (locks.classid::bigint, locks.objid::bigint) = ({{ build_lock_key() }});
        if holder.pid is distinct from {{ starter if starter else 'null' }} then
            raise exception using
                errcode = 'lock_not_available',
                message = case
                    when holder.pid is null
                        then 'The session of what started this build has ended. Nothing was built: '
                            || 'start the build again.'
                    else 'Another build of this database runs ('
                        || coalesce(replace(holder.application_name, 'sluss build: ', ''), 'unknown')
                        || '). Nothing was built: wait until it has ended, or use `sluss build`, '
                        || 'which waits for it by itself.'
                end;
        end if;
        {%- if target.role %}
        set local role {{ target.role }};
        {%- endif %}
        create table if not exists {{ current_build() }} (
            is_only_row boolean primary key default true check (is_only_row),
            invocation_id text not null,
            started_by text not null,
            began_at timestamp with time zone not null,
            ended_at timestamp with time zone
        );
        insert into {{ current_build() }} (invocation_id, started_by, began_at)
        values ('{{ invocation_id }}', {{ "'sluss'" if starter else "'dbt'" }}, clock_timestamp())
        on conflict (is_only_row) do update set
            invocation_id = excluded.invocation_id,
            started_by = excluded.started_by,
            began_at = excluded.began_at,
            ended_at = null;
    end
    $begin_build$
{%- endmacro %}

{#-
    on-run-start, after begin_build. dbt has looked which tables there are before it began: those
    that the run before made meanwhile it would try to make again.
-#}
{% macro know_what_another_build_made() -%}
    {%- if is_a_build() -%}
        {%- set found = run_query(
            "select schemaname, tablename as name, 'table' as kind from pg_tables"
            ~ " union all select schemaname, viewname, 'view' from pg_views"
        ).rows -%}
        {%- set standing = {} -%}
        {%- for schema, name, kind in found -%}
            {%- do standing.update({(schema, name): kind}) -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values() if node.schema and (node.schema, node.alias) in standing -%}
            {%- set known = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if known is none -%}
                {%- do adapter.cache_added(api.Relation.create(
                    database=node.database, schema=node.schema, identifier=node.alias,
                    type=standing[(node.schema, node.alias)]
                )) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- A pre-hook of everything that writes rows: holds until they are committed. -#}
{% macro assert_current_build() -%}
    {%- if is_a_build() -%}
    do $current_build$
    declare
        later record;
    begin
        perform pg_advisory_xact_lock_shared({{ fence_lock_key() }});
        select * into later from {{ current_build() }};
        if later.invocation_id is distinct from '{{ invocation_id }}' then
            raise exception using
                errcode = 'lock_not_available',
                message = 'Another build (' || later.started_by || ', began at '
                    || to_char(later.began_at at time zone '{{ var('bank_time_zone') }}', 'HH24:MI:SS')
                    || ') has taken the place of this one, which writes nothing more. What it has '
                    || 'written is whole; the other one builds the rest.';
        end if;
    end
    $current_build$
    {%- endif -%}
{%- endmacro %}

{#-
    dbt's own, for its tests, which have no hooks: a run whose place was taken still finishes its
    tests, but leaves the tables of failing rows to the one that took it.
-#}
{% macro should_store_failures() -%}
    {%- set is_wanted = dbt.should_store_failures() -%}
    {%- if is_wanted and is_a_build() -%}
        {%- do run_query("select pg_advisory_xact_lock_shared(" ~ fence_lock_key() ~ ")") -%}
        {%- set current = run_query("select invocation_id from " ~ current_build()).rows -%}
        {{ return(current[0][0] == invocation_id) }}
    {%- endif -%}
    {{ return(is_wanted) }}
{%- endmacro %}

{#- on-run-end: a build that ended is no build that one has to wait for. -#}
{% macro end_build() -%}
    {%- if is_a_build() -%}
    update {{ current_build() }}
    set ended_at = clock_timestamp()
    where invocation_id = '{{ invocation_id }}'
    {%- endif -%}
{%- endmacro %}

{% macro say_what_is_waited_for() -%}
    {%- set writers = run_query(
        "select count(*) from pg_locks where locktype = 'advisory' and granted and objsubid = 2"
        ~ " and database = (select oid from pg_database where datname = current_database())"
        ~ " and (classid::bigint, objid::bigint) = (" ~ fence_lock_key() ~ ")"
    ).rows[0][0] -%}
    {%- if writers > 0 -%}
        {%- do log(
            "Another build is writing " ~ writers ~ " tables: waiting for these to be whole. It"
            ~ " then stops, and this build takes its place.", info=True
        ) -%}
    {%- endif -%}
{%- endmacro %}
