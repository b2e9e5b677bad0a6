{#-
    What the models of detection remember between builds, in the same table as the by_load models:
    under '<model> settings' the fingerprint of the seeds that the rows were made with, under
    '<model> changes' the last change of int_aml_edges__watched that the rows know of. Both are
    written in the transaction that writes the rows.
-#}

{#-
    Empties a model, and lets it build everything anew, where a seed says something else now. The
    settings' applied_at is the birth of what stands: it changes only here, and with a full refresh.
-#}
{% macro start_anew_where_settings_changed(settings_query) -%}
    {%- set settings -%}
        model = '{{ model.name }} settings' and version = ({{ settings_query }})
    {%- endset -%}
    {%- set is_other -%}
        not exists (select 1 from {{ applied_loads() }} where {{ settings }})
    {%- endset -%}
    {%- if is_kept_by_load() -%}
        delete from {{ this }} where {{ is_other }};
    {%- endif %}
    delete from {{ applied_loads() }}
    where
        model in (
            '{{ model.name }}', '{{ model.name }} changes', '{{ model.name }} settings'
        )
        and {{ is_other if is_kept_by_load() else 'true' }};
    insert into {{ applied_loads() }} (model, load_id, version)
    select '{{ model.name }} settings', 0, ({{ settings_query }})
    on conflict do nothing
{%- endmacro %}

{#-
    The fingerprint of what a rule's stored rows depend on: all of its seed's rows but what the marts
    apply, and the birth of the watched payments, whose past dies with them.
-#}
{% macro settings_of_rules(rule_ids) -%}
    select md5((
        select coalesce(cast(max(extract(epoch from applied_at)) as text), '') from {{ applied_loads() }}
        where model = 'int_aml_edges__watched settings'
    ) || coalesce(string_agg(
        concat_ws(
            '/', rule_id, version, store_from, window_minutes, floor_sek, low_share, high_share,
            companion_threshold, {{ var('aml_floor_scale') }}
        ),
        ',' order by rule_id, version
    ), ''))
    from {{ ref('aml_rules') }}
    where rule_id in ('{{ rule_ids | join("', '") }}') and status <> 'draft'
{%- endmacro %}

{#- The fingerprint of what makes a payment watched or listed. -#}
{% macro settings_of_watching() -%}
    select md5(concat_ws(
        '/',
        {{ var('aml_watched_floor_sek') }},
        {{ var('aml_floor_scale') }},
        {{ var('aml_small_limit_eur') }},
        (select string_agg(country_code, ' ' order by country_code)
        from (select distinct country_code from {{ ref('aml_jurisdictions') }}) as listed)
    ))
{%- endmacro %}

{#- The last change that this model's rows know of. -#}
{% macro last_change_seen() -%}
    coalesce((
        select max(cast(version as bigint)) from {{ applied_loads() }}
        where model = '{{ model.name }} changes'
    ), 0)
{%- endmacro %}

{#- The units (subject and day) that are judged in this build. -#}
{% macro reopened() -%}
    {{ model.name }}__reopened
{%- endmacro %}

{#-
    Finds the units that a change of the watched payments touches, takes their hits out, and keeps
    the units for the rest of the transaction.
      kind       which watched payments count: is_large, is_small_foreign or is_dense
      subjects   whose account the subject is: sender, receiver, or both
      rule_ids   whose windows may still hold a payment, and whose floor leaves it out
      hops       how many payments on from the touched one the completing payment may be
-#}
{% macro reopen(kind, subjects, rule_ids, hops=0) -%}
    {%- set watched = ref('int_aml_edges__watched') -%}
    {%- set of_the_rules -%}
        from {{ ref('aml_rules') }} where rule_id in ('{{ rule_ids | join("', '") }}')
    {%- endset -%}
    {%- set minutes -%} (select max(window_minutes) {{ of_the_rules }}) {%- endset -%}
    {%- set floor_sek -%}
        (select coalesce(min(floor_sek), 0) * {{ var('aml_floor_scale') }} {{ of_the_rules }})
    {%- endset -%}
    {%- set keys = ['sender_key', 'receiver_key'] if subjects == 'both' else [subjects ~ '_key'] -%}
    create temporary table {{ reopened() }} on commit drop as
    with recursive touched as materialized (
        select sender_key, receiver_key, booked_at, booked_date
        from {{ watched }}
        where
            _change_no > {{ last_change_seen() }}
            and {{ kind }}
            and amount_sek >= {{ floor_sek }}
    ),
    {%- if hops > 0 %}
    reached (account_key, reached_at, hop) as (
        select distinct receiver_key, booked_at, 1 from touched
        union
        select edges.receiver_key, edges.booked_at, reached.hop + 1
        from reached
        inner join {{ watched }} as edges
            on edges.sender_key = reached.account_key
            and edges.booked_at between reached.reached_at
                and reached.reached_at + {{ minutes }} * interval '1 minute'
        where
            reached.hop < {{ hops }}
            and edges.{{ kind }}
            and not edges.is_gone
            and edges.amount_sek >= {{ floor_sek }}
    ),
    starts as (
        select account_key, reached_at as booked_at from reached
        {%- for key in keys %}
        union
        select {{ key }}, booked_at from touched
        {%- endfor %}
    ),
    {%- else %}
    starts as (
        {%- for key in keys %}
        {{ 'union' if not loop.first }}
        select {{ key }} as account_key, booked_at from touched
        {%- endfor %}
    ),
    {%- endif %}
    units as (
        {%- for key in keys %}
        {{ 'union' if not loop.first }}
        select edges.{{ key }} as subject_key, edges.booked_date
        from starts
        inner join {{ watched }} as edges
            on edges.{{ key }} = starts.account_key
            and edges.booked_at between starts.booked_at
                and starts.booked_at + {{ minutes }} * interval '1 minute'
        where edges.{{ kind }} and edges.amount_sek >= {{ floor_sek }}
        union
        select {{ key }}, booked_date from touched
        {%- endfor %}
    )
    select distinct subject_key, booked_date from units;
    create index on {{ reopened() }} (subject_key, booked_date);
    analyze {{ reopened() }};
    {%- if is_kept_by_load() %}
    delete from {{ this }} as hits
    using {{ reopened() }} as units
    where hits.subject_key = units.subject_key and hits.alert_date = units.booked_date;
    {%- endif %}
    {{ record_changes_seen() }}
{%- endmacro %}

{#- Remembers that this model knows the watched payments as they stand now. -#}
{% macro record_changes_seen() -%}
    delete from {{ applied_loads() }} where model = '{{ model.name }} changes';
    insert into {{ applied_loads() }} (model, load_id, version)
    select '{{ model.name }} changes', 0, coalesce(max(_change_no), 0)
    from {{ ref('int_aml_edges__watched') }}
{%- endmacro %}

{#- Before int_aml_edges__watched takes in a build's loads. Rows of loads that are gone or stand in
    another version are marked, not deleted: the rules still have to learn where they stood. What
    all rules have learnt is deleted. -#}
{% macro mark_changed_watched(wanted) -%}
    {%- if is_kept_by_load() -%}
        delete from {{ this }}
        where
            is_gone
            and _change_no <= (
                select coalesce(min(cast(version as bigint)), 0) from {{ applied_loads() }}
                where model like 'int_aml_hits__% changes'
            );
        update {{ this }}
        set is_gone = true, _change_no = {{ next_change() }}
        where
            not is_gone
            and {{ is_one_of(
                '_load_id', by_load__unwanted_sql(wanted) ~ ' union all ' ~ loads_to_build(wanted)
            ) }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#-
    The number of this build's change of the watched payments: microseconds, so that it grows even
    where the table is made anew.
-#}
{% macro next_change() -%}
    cast(extract(epoch from transaction_timestamp()) * 1000000 as bigint)
{%- endmacro %}

{#- The fingerprint of both lists of jurisdictions and of the rules about them. -#}
{% macro settings_of_jurisdictions() -%}
    select md5(concat_ws(
        '/',
        ({{ settings_of_rules(['black_list', 'grey_list']) }}),
        (select string_agg(
            concat_ws(' ', country_code, list, valid_from, valid_to),
            ',' order by country_code, list, valid_from
        ) from {{ ref('aml_jurisdictions') }})
    ))
{%- endmacro %}

{#-
    The days of accounts that a build judges: of the days on which an account moved unusually much,
    those on which, or up to `days` before which (null: ever before), a new delivery has payments of
    the account. Where a load is gone or stands in another version, all such days: what it hid may
    be found, what it made may be gone.
-#}
{% macro reopen_days_of_accounts(wanted, measure, days=none) -%}
    {%- set is_restated -%}
        (
            exists ({{ by_load__unwanted_sql(wanted) }})
            or exists (
                select 1 from {{ applied_loads() }} as applied
                where
                    applied.model = '{{ model.name }}'
                    and {{ in_loads_to_build(wanted, 'applied.load_id') }}
            )
        )
    {%- endset -%}
    {%- if not is_kept_by_load() -%}
        delete from {{ applied_loads() }} where model = '{{ model.name }}';
    {%- endif %}
    create temporary table {{ reopened() }} on commit drop as
    with moved as materialized (
        select own_account, movement_date
        from {{ ref('fct_account_movements') }}
        where {{ in_loads_to_build(wanted) }}
    ),
    heavy as (
        select own_account, movement_date
        from {{ ref('int_aml_account_days__heavy') }}
        where measure = '{{ measure }}'
    )
    select heavy.own_account, heavy.movement_date
    from moved
    inner join heavy
        on
            moved.own_account = heavy.own_account
            and moved.movement_date <= heavy.movement_date
            {%- if days is not none %}
            and moved.movement_date >= heavy.movement_date - {{ days }}
            {%- endif %}
    union
    select own_account, movement_date from heavy where {{ is_restated }};
    {%- if is_kept_by_load() %}
    delete from {{ this }} as hits
    where
        {{ is_restated }}
        or exists (
            select 1
            from {{ reopened() }} as units
            inner join {{ ref('int_aml_accounts__keyed') }} as accounts
                on units.own_account = accounts.account
            where
                hits.subject_key = accounts.account_key
                and hits.alert_date = units.movement_date
        );
    {%- endif %}
    analyze {{ reopened() }}
{%- endmacro %}
