{#-
    For a rule about an account's days: finds the busy days (of int_aml_account_days__heavy: those of
    a measure, or else the heavy ones of any) that a build has to judge again, and takes their hits
    out. Touched are days on which the account's payments changed, and those that follow within `days`
    (null: all that follow), for they look back: days of deliveries that are new to the rule, of lines
    that changed, of loads that are gone (noted by int_aml_edges__keyed), and busy days that came or
    went; with `days`, also those whose month begins elsewhere, for the bank's first day is another.
-#}
{% macro reopen_days_of_accounts(measure=none, days=none) -%}
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
            and {{ "heavy.measure = '" ~ measure ~ "'" if measure else 'heavy.is_heavy' }}
            and moved.movement_date <= heavy.movement_date
            {%- if days is not none %}
            and moved.movement_date >= heavy.movement_date - {{ days }}
            {%- endif %}
    union
    select account_key, movement_date from {{ changes_of(heavy) }}
    where _change_id > {{ by_load__through_sql(heavy.identifier) }}
    {%- if days is not none %}
    union
    select heavy.account_key, heavy.movement_date
    from {{ heavy }} as heavy
    cross join (
        select {{ first_bank_day_number() }} as this_day, {{ by_load__through_sql('first bank day') }} as that_day
    ) as first_days
    where
        first_days.this_day <> first_days.that_day
        and heavy.measure = '{{ measure }}'
        and heavy.movement_date - date '2000-01-01'
            <= greatest(first_days.this_day, first_days.that_day) + {{ days }}
    {%- endif %}
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
{% macro record_days_of_accounts(has_months=false) -%}
    {%- if has_months %}
    insert into {{ applied_changes() }} (model, source, through)
    select '{{ model.name }}', 'first bank day', first_days.this_day
    from (select {{ first_bank_day_number() }} as this_day) as first_days
    where first_days.this_day is not null
    on conflict (model, source) do update set through = excluded.through;
    {%- endif %}
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

{#-
    The day that the bank's files begin with; null before the first. A file of past months says nothing
    of its own beginning: then they begin long before.
-#}
{% macro first_bank_day() -%}
    (
        select min(business_date - case when is_history then 3650 else 0 end)
        from {{ ref('int_aml_loads__profiled') }}
    )
{%- endmacro %}

{#- The same as a number, which is how applied_changes keeps what was taken up. -#}
{% macro first_bank_day_number() -%}
    ({{ first_bank_day() }} - date '2000-01-01')
{%- endmacro %}
