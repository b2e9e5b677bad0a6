{#-
    For incremental models that say something of an account within a delivery (dense payments, small
    ones from abroad, busy days, pairs): a unit is a load and an account. Loads that are new or stand
    in another version are written whole; of the others, the units with a line of
    int_aml_edges__keyed that changed. What differs afterwards is logged (changes_of), all of it, so
    that the rules are told of rows that came and of rows that are gone.
      sides  whose units they are: sender_key, receiver_key, or both
      keys   the columns of the model that hold an account
      key    the model's key
      wanted the loads (load_id, version) that shall stand in it
      which  of the changed lines (changed) those that the model may say something else after
    Where the model says something of each day by itself, a unit is a load, an account and a day
    (meta: {units: days}): every night lines of all earlier loads come to their day, and the account's
    other days need not be read for them.
-#}
{% macro touch_units(sides, keys, key, wanted=none, which='true') -%}
    {%- set edges = ref('int_aml_edges__keyed') -%}
    {%- if not is_incremental() -%}
        delete from {{ applied_loads() }} where model = '{{ model.name }}';
        drop table if exists {{ changes_of(this) }}
    {%- else -%}
        create temporary table {{ units() }}_loads on commit drop as
        {{ loads_to_build(wanted or standing_edges()) }};
        create temporary table {{ units() }} on commit drop as
        select distinct
            changed._load_id,
            sides.account_key
            {{- ', changed.booked_date' if units_are_days() }}
        from {{ changes_of(edges) }} as changed
        cross join lateral (values (changed.{{ sides | join('), (changed.') }})) as sides (account_key)
        where
            changed._change_id > {{ by_load__through_sql(edges.identifier) }}
            and changed._load_id not in (select load_id from {{ units() }}_loads)
            and ({{ which }});
        analyze {{ units() }};
        create temporary table {{ units() }}_before on commit drop as
        {{ rows_of_units(keys) }}
        union
        select * from {{ this }}
        where {{ is_one_of('_load_id', by_load__unwanted_sql(wanted or standing_edges())) }};
        analyze {{ units() }}_before;
        delete from {{ this }} as standing
        using {{ units() }}_before as before
        where
            {%- for column in key %}
            standing.{{ column }} = before.{{ column }} {{ 'and' if not loop.last }}
            {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{% macro log_units(keys, wanted=none) -%}
    {{ create_changes_of(this) }};
    {%- if is_incremental() %}
        {%- set names = by_load__columns(this) | join(', ') %}
        create temporary table {{ units() }}_now on commit drop as
        {{ rows_of_units(keys) }};
        insert into {{ changes_of(this) }} ({{ names }}, _sign)
        select {{ names }}, -1 from (
            select * from {{ units() }}_before except select * from {{ units() }}_now
        ) as gone;
        insert into {{ changes_of(this) }} ({{ names }}, _sign)
        select {{ names }}, 1 from (
            select * from {{ units() }}_now except select * from {{ units() }}_before
        ) as come;
        {{ trim_changes(this) }}
    {%- endif %}
    {{ by_load__record_changes_sql('int_aml_edges__keyed') }}
    {{ record_applied(wanted or standing_edges()) }}
{%- endmacro %}

{% macro units() -%}
    {{ model.name }}__units
{%- endmacro %}

{% macro units_are_days() -%}
    {{ return(config.get('meta', {}).get('units') == 'days') }}
{%- endmacro %}

{#- True for rows of the loads in which there is a unit to look at. -#}
{% macro in_loads_of_units(column='_load_id') -%}
    {{ is_one_of(
        column, 'select load_id from ' ~ units() ~ '_loads union select _load_id from ' ~ units()
    ) if is_incremental() else 'true' }}
{%- endmacro %}

{#- What stands in the model of the units and of the loads that are written whole. -#}
{% macro rows_of_units(keys) -%}
    {%- for key in keys %}
    select standing.*
    from {{ units() }} as units
    inner join {{ this }} as standing
        on
            units._load_id = standing._load_id
            and units.account_key = standing.{{ key }}
            {{- ' and units.booked_date = standing.booked_date' if units_are_days() }}
    union
    {%- endfor %}
    select * from {{ this }}
    where {{ is_one_of('_load_id', 'select load_id from ' ~ units() ~ '_loads') }}
{%- endmacro %}

{#- The payments of the units on a side, and those of loads that are written whole. -#}
{% macro edges_of_units(sides) -%}
    {%- if is_incremental() -%}
    {{ rows_of_loads(ref('int_aml_edges__keyed'), 'select load_id from ' ~ units() ~ '_loads') }}
    union all
    (
        {%- for side in sides %}
        select edges.*
        from {{ units() }} as units
        inner join lateral (
            select of_account.*
            from {{ ref('int_aml_edges__keyed') }} as of_account
            where
                of_account._load_id = units._load_id
                and of_account.{{ side }} = units.account_key
                {{- ' and of_account.booked_date = units.booked_date' if units_are_days() }}
            {{ evaluate_once() }}
        ) as edges on true
        {{ 'union' if not loop.last }}
        {%- endfor %}
    )
    {%- else -%}
    select * from {{ ref('int_aml_edges__keyed') }}
    {%- endif -%}
{%- endmacro %}

{#-
    The loads as they stand in int_aml_edges__keyed; one that was taken out there and came again is
    another version of it.
-#}
{% macro standing_edges() -%}
    (
        select
            load_id,
            version || '@' || cast(extract(epoch from applied_at) as text) as version
        from {{ applied_loads() }}
        where model = 'int_aml_edges__keyed'
    )
{%- endmacro %}
