{#-
    A table that is kept load by load. config: materialized='by_load', unique_key=[...], and in meta

    - wanted: the model that lists the loads (load_id, version) that shall stand in this one;
    - partitioned: true for a table of a day's lines: a partition a load, so that a load is written by
      one statement on all cores, and dropped without reading it;
    - logs: true, where other models follow this one: rows of loads that stand and change are noted in
      `<model>__changes`, the old with _sign -1, the new with _sign 1;
    - follows: tables that log; a line that changed there is worked out anew here;
    - touched_by: a macro whose query lists further lines to work out anew (_load_id, _line_no);
    - looked_up_by: a column of the tables that are followed, where this one has an index on it and
      none on lines;
    - adds: for sums: the table that logs and is added up (rows_to_add()). What changed there is added
      to the columns that are no part of the key; a row whose `counts` come to 0 goes. Without
      `wanted`, all of the source is added up.

    Each run
    - drops the rows of loads that are no longer wanted (withdrawn, held),
    - writes new loads: a million rows are written once,
    - for a load that stands in another version, writes only the rows that differ,
    - and of all other loads touches only the lines that something changed about.

    The model's own SQL says what all rows are, and is narrowed to those that are due (scoped_sql.sql).
    A run with nothing new reads nothing. `wanted` must be a table: it is read several times in the
    transaction, and a load that finished meanwhile must wait for the next run.
-#}
{% materialization by_load, adapter='postgres' %}
    {%- set meta = config.get('meta') -%}
    {%- set adds = ref(meta['adds']) if meta.get('adds') else none -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_new = existing_relation is none
            or not existing_relation.is_table
            or should_full_refresh() -%}
    {%- set grant_config = config.get('grants') -%}
    {%- set has_contract = config.get('contract').enforced -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if is_new -%}
        {%- if existing_relation is not none -%}
            {% do adapter.drop_relation(existing_relation) %}
        {%- endif -%}
        {% call statement('forget') -%} {{ by_load__forget_sql() }} {%- endcall %}
    {%- elif has_contract -%}
        {#- The columns against the contract; what is written below is compared with the table's. -#}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}

    {%- set wanted = by_load__wanted(adds) -%}
    {%- set changes = by_load__changes(wanted) -%}
    {%- set pending = by_load__pending(is_new) -%}

    {#-
        Made by one statement, which Postgres spreads over all cores; an insert it does not. Sums of a
        source without loads of their own are all or nothing.
    -#}
    {%- set is_made_at_once = is_new and (
        wanted is none or not (meta.get('partitioned') or has_contract)
    ) -%}
    {%- if is_made_at_once -%}
        {% call statement('main') -%}
            {{ get_create_table_as_sql(
                False,
                target_relation,
                sql if wanted is none else sql_of_loads(sql, adds, changes.fresh)
            ) }}
        {%- endcall %}
        {% do create_indexes(target_relation) %}
    {%- elif is_new -%}
        {% do by_load__create_empty(target_relation) %}
    {%- endif -%}
    {%- if meta.get('logs') -%}
        {% call statement('create_changes') -%} {{ create_changes_of(target_relation) }} {%- endcall %}
    {%- endif -%}

    {%- if not is_made_at_once -%}
        {%- if changes.unwanted -%}
            {% call statement('delete_unwanted') -%}
                {{ by_load__delete_loads_sql(target_relation, changes.unwanted) }}
            {%- endcall %}
        {%- endif -%}
        {%- if changes.fresh and meta.get('partitioned') -%}
            {%- for load_id in changes.fresh -%}
                {% do by_load__write_partition(
                    target_relation, load_id, sql_of_loads(sql, adds, [load_id])
                ) %}
            {%- endfor -%}
        {%- elif changes.fresh and is_new and not adds and meta.get('logs') != 'all' -%}
            {% do by_load__write_new(target_relation, sql_of_loads(sql, adds, changes.fresh)) %}
        {%- elif changes.fresh -%}
            {% call statement('write_fresh') -%}
                {%- set fresh = sql_of_loads(sql, adds, changes.fresh) -%}
                {{ by_load__insert_sums_sql(target_relation, fresh) if adds
                    else by_load__insert_sql(target_relation, fresh) }}
            {%- endcall %}
        {%- endif -%}
        {%- if is_new and not meta.get('partitioned') -%}
            {% do create_indexes(target_relation) %}
        {%- endif -%}
        {%- if changes.restated -%}
            {% call statement('restate') -%}
                {{ by_load__restate_sql(
                    target_relation,
                    sql_of_loads(sql, adds, changes.restated),
                    'standing._load_id = any(' ~ by_load__ids(changes.restated) ~ ')'
                ) }}
            {%- endcall %}
        {%- endif -%}
        {%- if pending and adds -%}
            {% call statement('add_changes') -%}
                {{ by_load__add_sql(target_relation, adds, wanted, changes) }}
            {%- endcall %}
        {%- elif pending -%}
            {% call statement('touch') -%} {{ by_load__touched_sql(wanted) }} {%- endcall %}
            {%- set count = run_query('select count(*) from ' ~ by_load__touched()).rows[0][0] -%}
            {%- if count > 0 -%}
                {% call statement('restate_touched') -%}
                    {{ by_load__restate_sql(
                        target_relation,
                        sql_of_lines(sql, by_load__touched(), count <= by_load__few_lines()),
                        by_load__touched_rows_sql()
                    ) }}
                {%- endcall %}
            {%- endif -%}
        {%- endif -%}
        {% call noop_statement('main', 'kept by load') -%}
            -- see the statements above
        {%- endcall %}
    {%- endif -%}

    {% call statement('record') -%} {{ by_load__record_sql(wanted, changes, is_new) }} {%- endcall %}
    {%- if changes.fresh and not meta.get('partitioned') or is_new and wanted is none -%}
        {#- The models downstream are planned at once, before autovacuum comes by. -#}
        {% call statement('analyze') -%} analyze {{ target_relation }} {%- endcall %}
    {%- endif -%}

    {% do apply_grants(
        target_relation, grant_config, should_revoke=should_revoke(existing_relation, is_new)
    ) %}
    {% do persist_docs(target_relation, model) %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
