{#- The statements of the by_load materialization. -#}

{% macro by_load__columns(relation) -%}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='quoted') | list) }}
{%- endmacro %}

{#- The table without rows; indexes of a partitioned one are made with each partition. -#}
{% macro by_load__create_empty(target) -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {%- if not config.get('meta').get('partitioned') -%}
        {% call statement('create_empty') -%}
            {{ get_create_table_as_sql(False, target, get_empty_subquery_sql(sql)) }}
        {%- endcall %}
    {%- elif has_contract -%}
        {{ get_assert_columns_equivalent(sql) }}
        {% call statement('create_empty') -%}
            create table {{ target }} {{ get_table_columns_and_constraints() }}
            partition by list (_load_id)
        {%- endcall %}
        {% do create_indexes(target) %}
    {%- else -%}
        {% call statement('create_empty') -%}
            create temporary table {{ model.name }}__empty on commit drop as
            {{ get_empty_subquery_sql(sql) }};
            create table {{ target }} (like {{ model.name }}__empty) partition by list (_load_id)
        {%- endcall %}
        {% do create_indexes(target) %}
    {%- endif -%}
{%- endmacro %}

{% macro by_load__partition(load_id) -%}
    {{ this.schema }}.{{ this.identifier }}_{{ load_id }}
{%- endmacro %}

{#-
    Writes a load's partition: filled while it is still a table by itself, on all cores, and given in
    one pass what the parent asks of its rows, so that attaching it reads nothing.
-#}
{% macro by_load__write_partition(target, load_id, sql) -%}
    {%- set partition = by_load__partition(load_id) -%}
    {%- set demands = by_load__demands(target) -%}
    {%- do demands.append(
        'add constraint of_load check (_load_id is not null and _load_id = ' ~ load_id ~ ')'
    ) -%}
    {% call statement('write_partition') -%}
        {{ by_load__create_filled_sql(target, partition, sql) }};
        alter table {{ partition }} {{ demands | join(', ') }};
        alter table {{ target }} attach partition {{ partition }} for values in ({{ load_id }});
        alter table {{ partition }} drop constraint of_load;
        analyze {{ partition }}
    {%- endcall %}
{%- endmacro %}

{#-
    Fills a new table whose columns and constraints a contract names: by a statement that uses all
    cores, where an insert uses one, and with its key laid over the finished rows.
-#}
{% macro by_load__write_new(target, sql) -%}
    {%- set demands = by_load__demands(target, "('c', 'p', 'u')") -%}
    {%- set filled = target.incorporate(path={'identifier': model.name ~ '__filled'}) -%}
    {% call statement('write_new') -%}
        {{ by_load__create_filled_sql(target, filled, sql) }};
        drop table {{ target }};
        alter table {{ filled }} rename to {{ target.identifier }};
        {%- if demands %}
        alter table {{ target }} {{ demands | join(', ') }};
        {%- endif %}
    {%- endcall %}
{%- endmacro %}

{#- A table by itself, with the rows of ``sql`` in the columns of ``target``; made on all cores. -#}
{% macro by_load__create_filled_sql(target, table, sql) -%}
    {%- set columns_sql -%}
        select format(
            'cast(%1$I as %2$s) as %1$I', attname, format_type(atttypid, atttypmod)
        )
        from pg_attribute
        where attrelid = '{{ target }}'::regclass and attnum > 0 and not attisdropped
        order by attnum
    {%- endset -%}
    create table {{ table }} as
    select {{ run_query(columns_sql).columns[0].values() | join(', ') }} from (
        {{ sql }}
    ) as load_rows
{%- endmacro %}

{#- What a table asks of its rows; ``kinds`` of constraints, as pg_constraint has them. -#}
{% macro by_load__demands(target, kinds="('c')") -%}
    {%- set demands_sql -%}
        select format('alter column %I set not null', attname)
        from pg_attribute
        where attrelid = '{{ target }}'::regclass and attnum > 0 and attnotnull
        union all
        select format('add constraint %I %s', conname, pg_get_constraintdef(oid))
        from pg_constraint
        where conrelid = '{{ target }}'::regclass and contype in {{ kinds }}
    {%- endset -%}
    {{ return(run_query(demands_sql).columns[0].values() | list) }}
{%- endmacro %}

{% macro by_load__insert_sql(target, sql) -%}
    {%- set columns = by_load__columns(target) | join(', ') -%}
    {%- set insert -%}
        insert into {{ target }} ({{ columns }})
        select {{ columns }} from (
            {{ sql }}
        ) as fresh_rows
    {%- endset -%}
    {{ by_load__logged(insert, columns, 1) if config.get('meta').get('logs') == 'all' else insert }}
{%- endmacro %}

{#- Sums of a million lines are few rows: made by a statement that uses all cores, then inserted. -#}
{% macro by_load__insert_sums_sql(target, sql) -%}
    {%- set sums = model.name ~ '__fresh' -%}
    create temporary table {{ sums }} on commit drop as
    {{ sql }};
    {{ by_load__insert_sql(target, 'select * from ' ~ sums) }}
{%- endmacro %}

{% macro by_load__delete_loads_sql(target, load_ids) -%}
    {%- if config.get('meta').get('partitioned') -%}
        {%- for load_id in load_ids %}
            drop table if exists {{ by_load__partition(load_id) }};
        {%- endfor -%}
    {%- else -%}
        {%- set delete -%}
            delete from {{ target }} as standing
            where standing._load_id = any({{ by_load__ids(load_ids) }})
        {%- endset -%}
        {%- set columns = by_load__columns(target) | join(', ') -%}
        {{ by_load__logged(delete, columns, -1) if config.get('meta').get('logs') == 'all' else delete }}
    {%- endif -%}
{%- endmacro %}

{#- A statement, and a note of each row that it deletes (_sign -1) or inserts (1). -#}
{% macro by_load__logged(statement, columns, sign) -%}
    with changed as (
        {{ statement }}
        returning *
    )

    insert into {{ changes_of(this) }} ({{ columns }}, _sign)
    select {{ columns }}, {{ sign }} from changed
{%- endmacro %}

{#-
    Restates exactly the rows that differ: the rows that shall be are laid beside the table, then what
    is gone is deleted, what is new or changed replaced. Deletes come first, so that a key may move
    from one load to another.
-#}
{% macro by_load__restate_sql(target, sql, standing_scope) -%}
    {%- set now = model.name ~ '__now' -%}
    {%- set key = config.require('unique_key') -%}
    {%- set names = by_load__columns(target) -%}
    {%- set columns = names | join(', ') -%}
    {%- set is_logged = config.get('meta').get('logs') -%}
    {%- set delete -%}
        delete from {{ target }} as standing
        where
            {{ standing_scope }}
            and not exists (
                select 1
                from {{ now }} as now_row
                where
                    {%- for column in key %}
                    now_row.{{ column }} = standing.{{ column }} and
                    {%- endfor %}
                    ({% for name in names %}now_row.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
                    is not distinct from
                    ({% for name in names %}standing.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
            )
    {%- endset -%}
    {#- The load too, where it is no part of the key: a partition is looked up, not all of them. -#}
    {%- set full_key = ['_load_id'] + key | reject('equalto', '_load_id') | list -%}
    {%- set insert = insert_missing_sql(target, now, names, full_key) -%}
    drop table if exists {{ now }};
    create temporary table {{ now }} on commit drop as
    {{ sql }};
    create index on {{ now }} ({{ key | join(', ') }});
    analyze {{ now }};
    {{ by_load__logged(delete, columns, -1) if is_logged else delete }};
    {{ by_load__logged(insert, columns, 1) if is_logged else insert }}
{%- endmacro %}

{#- Inserts the rows whose key no standing one has. -#}
{% macro insert_missing_sql(target, given, names, key) -%}
    insert into {{ target }} ({{ names | join(', ') }})
    select {% for name in names %}given.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ given }} as given
    where not exists (
        select 1
        from {{ target }} as standing
        where
            {%- for column in key %}
            given.{{ column }} = standing.{{ column }}{{ ' and' if not loop.last }}
            {%- endfor %}
    )
{%- endmacro %}

{% macro by_load__touched() -%}
    {{ model.name }}__touched
{%- endmacro %}

{#- The lines of loads that stand, and shall stand as they do, about which something changed. -#}
{% macro by_load__touched_sql(wanted) -%}
    {%- set meta = config.get('meta') -%}
    create temporary table {{ by_load__touched() }} on commit drop as
    select distinct
        changed._load_id,
        changed._line_no
    from (
        {%- for source in meta.get('follows', []) %}
        select _load_id, _line_no from {{ changes_of(ref(source)) }}
        where _change_id > {{ by_load__through_sql(source) }}
        {{ 'union all' if not loop.last or meta.get('touched_by') }}
        {%- endfor %}
        {{ context[meta['touched_by']]() if meta.get('touched_by') }}
    ) as changed
    inner join {{ applied_loads() }} as applied
        on
            applied.model = '{{ model.name }}'
            and changed._load_id = applied.load_id
    inner join {{ wanted }} as wanted
        on
            applied.load_id = wanted.load_id
            and applied.version = wanted.version;
    analyze {{ by_load__touched() }}
{%- endmacro %}

{#- Up to so many lines are looked up one by one: above, reading all of history takes less. -#}
{% macro by_load__few_lines() -%}
    {{ return(100000) }}
{%- endmacro %}

{#- True for the rows of `standing` that are of touched lines. -#}
{% macro by_load__touched_rows_sql() -%}
    {%- set meta = config.get('meta') -%}
    {%- if meta.get('looked_up_by') %}
    standing.{{ meta['looked_up_by'] }} in (
        {%- for source in meta['follows'] %}
        select {{ meta['looked_up_by'] }} from {{ changes_of(ref(source)) }}
        where _change_id > {{ by_load__through_sql(source) }}
        {{ 'union' if not loop.last }}
        {%- endfor %}
    )
    and
    {%- endif %}
    (standing._load_id, standing._line_no) in (
        select touched._load_id, touched._line_no from {{ by_load__touched() }} as touched
    )
{%- endmacro %}

{#- Adds what changed about loads that stand to the sums; the others are summed up anew. -#}
{% macro by_load__add_sql(target, adds, wanted, changes) -%}
    {%- set key = config.require('unique_key') -%}
    {%- set names = by_load__columns(target) -%}
    {%- set changed = model.name ~ '__changed' -%}
    create temporary table {{ changed }} on commit drop as
    select * from {{ changes_of(adds) }}
    where
        _change_id > {{ by_load__through_sql(adds.identifier) }}
        {%- if wanted is not none %}
        and _load_id in (select load_id from {{ wanted }})
        and _load_id <> all({{ by_load__ids(changes.fresh + changes.restated) }})
        {%- endif %};
    analyze {{ changed }};
    insert into {{ target }} as standing ({{ names | join(', ') }})
    select {{ names | join(', ') }} from (
        {{ sql_of_changes(sql, changed) }}
    ) as added
    on conflict ({{ key | join(', ') }}) do update
        set
            {%- for name in names if name | replace('"', '') not in key %}
            {{ name }} = standing.{{ name }} + excluded.{{ name }}{{ ',' if not loop.last }}
            {%- endfor %};
    delete from {{ target }}
    where
        _load_id in (select _load_id from {{ changed }})
        and {{ config.require('meta')['counts'] | join(' + ') }} = 0
{%- endmacro %}
