{#-
    A table that is kept load by load. config: materialized='by_load', unique_key=[...],
    meta={'wanted': '<model with load_id and version>'}.

    Each run
    - deletes the rows of loads that are no longer wanted (withdrawn, held),
    - inserts the rows of new loads straight into the table: a million rows are written once,
    - and, for a load that stands in another version, writes only the rows that differ.

    The model's own SQL is filtered by in_loads_to_build(), so a run with nothing new reads nothing.
    `wanted` must be a table: it is read several times in the transaction, and a load that finished
    meanwhile must wait for the next run.
-#}
{% materialization by_load, adapter='postgres' %}
    {%- set wanted = ref(config.get('meta')['wanted']) -%}
    {%- set unique_key = config.require('unique_key') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_new = existing_relation is none
            or not existing_relation.is_table
            or should_full_refresh() -%}
    {%- set grant_config = config.get('grants') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set has_contract = config.get('contract').enforced -%}
    {%- if is_new -%}
        {%- if existing_relation is not none -%}
            {% do adapter.drop_relation(existing_relation) %}
        {%- endif -%}
        {% call statement('forget_applied') -%}
            delete from {{ applied_loads() }} where model = '{{ model.name }}'
        {%- endcall %}
    {%- elif has_contract -%}
        {#- The columns against the contract; the insert below compares them with the table's. -#}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}

    {%- set changes = run_query(by_load__changes_sql(wanted)).rows[0] -%}

    {%- if is_new and not has_contract -%}
        {#- Made by one statement, which Postgres spreads over all cores; an insert it does not. -#}
        {% call statement('main') -%}
            {{ get_create_table_as_sql(False, target_relation, sql) }}
        {%- endcall %}
        {% do create_indexes(target_relation) %}
    {%- elif is_new -%}
        {% call statement('create_empty') -%}
            {{ get_create_table_as_sql(False, target_relation, get_empty_subquery_sql(sql)) }}
        {%- endcall %}
        {#- The key is laid over the finished table: a sort instead of a million look-ups. -#}
        {%- set primary_key = run_query(by_load__primary_key_sql(target_relation)).rows -%}
        {%- if primary_key | length > 0 -%}
            {% call statement('drop_key') -%}
                alter table {{ target_relation }} drop constraint {{ primary_key[0]['name'] }}
            {%- endcall %}
        {%- endif -%}
        {%- set columns = adapter.get_columns_in_relation(target_relation)
                | map(attribute='quoted') | list -%}
        {% call statement('main') -%}
            {{ by_load__insert_sql(target_relation, columns, sql) }}
        {%- endcall %}
        {%- if primary_key | length > 0 -%}
            {% call statement('add_key') -%}
                alter table {{ target_relation }} add {{ primary_key[0]['definition'] }}
            {%- endcall %}
        {%- endif -%}
        {% do create_indexes(target_relation) %}
    {%- else -%}
        {%- if changes['unwanted'] > 0 -%}
            {% call statement('delete_unwanted') -%}
                delete from {{ target_relation }}
                where {{ is_one_of('_load_id', by_load__unwanted_sql(wanted)) }}
            {%- endcall %}
        {%- endif -%}
        {%- set columns = adapter.get_columns_in_relation(target_relation)
                | map(attribute='quoted') | list -%}
        {%- if changes['restated'] > 0 -%}
            {% call statement('main') -%}
                {{ by_load__restate_sql(target_relation, wanted, columns, unique_key, sql) }}
            {%- endcall %}
        {%- elif changes['fresh'] > 0 -%}
            {% call statement('main') -%}
                {{ by_load__insert_sql(target_relation, columns, sql) }}
            {%- endcall %}
        {%- else -%}
            {% call noop_statement('main', 'nothing new') -%}
                -- nothing new
            {%- endcall %}
        {%- endif -%}
    {%- endif -%}

    {%- if changes['unwanted'] + changes['restated'] + changes['fresh'] > 0 -%}
        {% call statement('record_applied') -%}
            {{ by_load__record_applied_sql(wanted) }}
        {%- endcall %}
        {%- if changes['fresh'] + changes['restated'] > 0 -%}
            {#- The models downstream are planned at once, before autovacuum comes by. -#}
            {% call statement('analyze') -%} analyze {{ target_relation }} {%- endcall %}
        {%- endif -%}
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
