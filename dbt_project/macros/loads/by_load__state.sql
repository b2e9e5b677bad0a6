{#- What the by_load materialization has to do, and what it has done. -#}

{#-
    The table of loads that shall stand: that of the config. Sums follow what stands in the table
    that they add up: a load that was taken out there and came again is another version of it.
-#}
{% macro by_load__wanted(adds) -%}
    {%- set wanted = config.get('meta').get('wanted') -%}
    {%- if not wanted -%}
        {{ return(none) }}
    {%- elif not adds -%}
        {{ return(ref(wanted)) }}
    {%- endif -%}
    {% call statement('wanted') -%}
        create temporary table {{ model.name }}__wanted on commit drop as
        select
            wanted.load_id,
            wanted.version || '@' || cast(extract(epoch from applied.applied_at) as text) as version
        from {{ ref(wanted) }} as wanted
        inner join {{ applied_loads() }} as applied
            on
                applied.model = '{{ adds.identifier }}'
                and wanted.load_id = applied.load_id
    {%- endcall %}
    {{ return(model.name ~ '__wanted') }}
{%- endmacro %}

{#- The loads that are new to the model, stand in another version, or shall no longer be there. -#}
{% macro by_load__changes(wanted) -%}
    {%- if wanted is none -%}
        {{ return({'fresh': [], 'restated': [], 'unwanted': []}) }}
    {%- endif -%}
    {%- set found = run_query(
        "select coalesce(wanted.load_id, applied.load_id),"
        ~ " case when applied.load_id is null then 'fresh'"
        ~ " when wanted.load_id is null then 'unwanted' else 'restated' end"
        ~ " from " ~ wanted ~ " as wanted"
        ~ " full join (select load_id, version from " ~ applied_loads()
        ~ " where model = '" ~ model.name ~ "') as applied"
        ~ " on wanted.load_id = applied.load_id"
        ~ " where wanted.version is distinct from applied.version"
        ~ " order by 1"
    ).rows -%}
    {%- set changes = {} -%}
    {%- for kind in ('fresh', 'restated', 'unwanted') -%}
        {%- do changes.update({
            kind: found | selectattr(1, 'equalto', kind) | map(attribute=0) | map('int') | list
        }) -%}
    {%- endfor -%}
    {{ return(changes) }}
{%- endmacro %}

{#- The tables whose changes the model takes up. -#}
{% macro by_load__sources() -%}
    {%- set meta = config.get('meta') -%}
    {%- set sources = meta.get('follows', []) + ([meta['adds']] if meta.get('adds') else []) -%}
    {{ return(sources) }}
{%- endmacro %}

{#- True where something may have changed about the lines of loads that stand. -#}
{% macro by_load__pending(is_new) -%}
    {%- if is_new -%}
        {{ return(false) }}
    {%- elif config.get('meta').get('touched_by') -%}
        {{ return(true) }}
    {%- endif -%}
    {%- for source in by_load__sources() -%}
        {%- set found = run_query(
            'select exists (select from ' ~ changes_of(ref(source)) ~ ' where _change_id > '
            ~ by_load__through_sql(source) ~ ')'
        ).rows[0][0] -%}
        {%- if found -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

{% macro by_load__through_sql(source) -%}
    coalesce((
        select through from {{ applied_changes() }}
        where model = '{{ model.name }}' and source = '{{ source }}'
    ), 0)
{%- endmacro %}

{% macro by_load__forget_sql() -%}
    delete from {{ applied_loads() }} where model = '{{ model.name }}';
    delete from {{ applied_changes() }} where model = '{{ model.name }}';
    {%- if config.get('meta').get('logs') %}
    drop table if exists {{ changes_of(this) }};
    {%- endif %}
{%- endmacro %}

{#- Notes what stands now; whole loads that were written bear the time. -#}
{% macro by_load__record_sql(wanted, changes, is_new) -%}
    {%- if changes.unwanted or changes.restated -%}
        delete from {{ applied_loads() }}
        where
            model = '{{ model.name }}'
            and load_id = any({{ by_load__ids(changes.unwanted + changes.restated) }});
    {%- endif -%}
    {%- if changes.fresh or changes.restated -%}
        insert into {{ applied_loads() }} (model, load_id, version)
        select '{{ model.name }}', load_id, version
        from {{ wanted }}
        where load_id = any({{ by_load__ids(changes.fresh + changes.restated) }});
    {%- endif -%}
    {%- for source in by_load__sources() %}
        {{ by_load__record_changes_sql(source) }}
    {%- endfor %}
    {%- if config.get('meta').get('logs') and not is_new %}
        {{ trim_changes(this) }}
    {%- endif %}
    select 1
{%- endmacro %}

{% macro by_load__ids(load_ids) -%}
    '{{ '{' ~ load_ids | join(',') ~ '}' }}'::integer[]
{%- endmacro %}

{#- Notes that the model took up all changes of a source; trimmed, a log may hold none. -#}
{% macro by_load__record_changes_sql(source) -%}
    insert into {{ applied_changes() }} (model, source, through)
    select
        '{{ model.name }}',
        '{{ source }}',
        coalesce(max(_change_id), 0)
    from {{ changes_of(ref(source)) }}
    on conflict (model, source) do update
        set through = greatest({{ applied_changes() }}.through, excluded.through);
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

{#- For models whose unit is not the load: see applied_hooks.sql. -#}
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
