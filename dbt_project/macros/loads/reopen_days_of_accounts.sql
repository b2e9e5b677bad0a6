{#-
    For a rule about an account's days: finds the busy days (of int_aml_account_days__heavy) that a
    build has to judge again, and takes their hits out. Touched are days on which the account's
    payments changed, and those that follow within `days` (null: all that follow), for they look back:
    days of deliveries that are new to the rule, of lines that changed, of loads that are gone
    (noted by int_aml_edges__keyed), and busy days that came or went.
-#}
{% macro reopen_days_of_accounts(measure, days=none) -%}
    {%- set edges, heavy = ref('int_aml_edges__keyed'), ref('int_aml_account_days__heavy') -%}
    {%- if not is_kept_by_load() %}
    {{ forget_reopened_windows(model.name) }};
    {%- endif %}
    create temporary table {{ reopened() }} on commit drop as
    -- By number: an account that is in no register any more leaves the fact, and its hits go too.
    with moved as materialized (
        select {{ account_key('own_account') }} as account_key, movement_date
        from {{ ref('fct_account_movements') }}
        where {{ is_one_of('_load_id', loads_to_build(standing_edges())) }}
        union
        select sender_key, booked_date from {{ changes_of(edges) }}
        where _change_id > {{ by_load__through_sql(edges.identifier) }} and is_sender_own
        union
        select receiver_key, booked_date from {{ changes_of(edges) }}
        where _change_id > {{ by_load__through_sql(edges.identifier) }} and is_receiver_own
        union
        select sender_key, met_date from {{ reopened_windows() }}
        where reader = '{{ model.name }}'
    )
    select heavy.account_key, heavy.movement_date
    from moved
    inner join {{ heavy }} as heavy
        on
            moved.account_key = heavy.account_key
            and heavy.measure = '{{ measure }}'
            and moved.movement_date <= heavy.movement_date
            {%- if days is not none %}
            and moved.movement_date >= heavy.movement_date - {{ days }}
            {%- endif %}
    union
    select account_key, movement_date from {{ changes_of(heavy) }}
    where
        _change_id > {{ by_load__through_sql(heavy.identifier) }}
        and measure = '{{ measure }}'
    union
    -- Days that may be busy no more.
    select account_key, movement_date from moved;
    {%- if is_kept_by_load() %}
    delete from {{ this }} as hits
    using {{ reopened() }} as units
    where hits.subject_key = units.account_key and hits.alert_date = units.movement_date;
    {%- endif %}
    analyze {{ reopened() }}
{%- endmacro %}

{#- After it: what was looked at is taken up. -#}
{% macro record_days_of_accounts() -%}
    {{ forget_reopened_windows(model.name) }};
    {{ by_load__record_changes_sql('int_aml_edges__keyed') }}
    {{ by_load__record_changes_sql('int_aml_account_days__heavy') }}
    {{ record_applied(standing_edges()) }}
{%- endmacro %}

{#-
    For int_aml_edges__keyed: the days of own accounts whose payments go with a load, for the rules
    about days; afterwards nothing shows them.
-#}
{% macro note_days_of_gone_loads(readers, wanted) -%}
    {%- if is_kept_by_load() -%}
        {%- for reader in readers %}
        {{ days_of_own_accounts_sql(reader, this, by_load__unwanted_sql(wanted)) }};
        {%- endfor %}
    {%- endif %}
    select 1
{%- endmacro %}

{% macro days_of_own_accounts_sql(reader, edges, loads) -%}
    insert into {{ reopened_windows() }} (reader, sender_key, receiver_key, met_date)
    with gone as materialized (
        {{ rows_of_loads(edges, loads) }}
    )

    select '{{ reader }}', sender_key, cast(null as bigint), booked_date from gone
    where is_sender_own
    union
    select '{{ reader }}', receiver_key, null, booked_date from gone
    where is_receiver_own
{%- endmacro %}
