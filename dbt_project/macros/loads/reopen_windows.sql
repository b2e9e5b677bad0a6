{#- The units (subject and day) that a rule judges in this build. -#}
{% macro reopened() -%}
    {{ model.name }}__reopened
{%- endmacro %}

{#-
    The payments of the units (a rule's CTE): of the account, on the day. The day is asked for twice:
    where an index goes by instants, one account's payments of all years would be read for it.
-#}
{% macro is_of_units(payments, key) -%}
units.subject_key = {{ payments }}.{{ key }}
            and units.booked_date = {{ payments }}.booked_date
            and {{ payments }}.booked_at >= units.day_from
            and {{ payments }}.booked_at < units.day_to
{%- endmacro %}

{#-
    Finds the units that a change of the payments a rule looks at touches, takes their hits out, and
    keeps the units for the rest of the transaction. Where the rule has seen nothing yet, all of the
    payments are new to it.
      model_of_payments  the model of the payments, which logs all its changes
      subjects           whose account the subject is: sender, receiver, or both
      rule_ids           whose windows may still hold a payment
      hops               how many payments on from the touched one the completing payment may be
      has_floor          false where floor_sek of the rules is no floor in SEK
-#}
{% macro reopen_windows(model_of_payments, subjects, rule_ids, hops=0, has_floor=true) -%}
    {%- set payments = ref(model_of_payments) -%}
    {%- set of_the_rules -%}
        from {{ ref('aml_rules') }} where rule_id in ('{{ rule_ids | join("', '") }}')
    {%- endset -%}
    {%- set minutes -%} (select max(window_minutes) {{ of_the_rules }}) {%- endset -%}
    {%- set floor_sek -%}
        (select coalesce(min(floor_sek), 0) * {{ var('aml_floor_scale') if has_floor else 0 }} {{ of_the_rules }})
    {%- endset -%}
    {%- set has_seen -%}
        exists (
            select 1 from {{ applied_changes() }}
            where model = '{{ model.name }}' and source = '{{ model_of_payments }}'
        )
    {%- endset -%}
    {%- set keys = ['sender_key', 'receiver_key'] if subjects == 'both' else [subjects ~ '_key'] -%}
    create temporary table {{ reopened() }}_touched on commit drop as
    select sender_key, receiver_key, booked_at, booked_date
    from {{ changes_of(payments) }}
    where
        _change_id > {{ by_load__through_sql(model_of_payments) }}
        and {{ has_seen }}
        and amount_sek >= {{ floor_sek }}
    union
    select sender_key, receiver_key, booked_at, met_date
    from {{ reopened_windows() }}
    where reader = '{{ model.name }}';
    analyze {{ reopened() }}_touched;
    -- What was touched is looked up payment by payment, for it is one day's part of all history.
    create temporary table {{ reopened() }} on commit drop as
    with recursive
    {%- if hops > 0 %}
    reached (account_key, reached_at, hop) as (
        select distinct receiver_key, booked_at, 1 from {{ reopened() }}_touched
        union
        select edges.receiver_key, edges.booked_at, reached.hop + 1
        from reached
        inner join lateral (
            select of_account.receiver_key, of_account.booked_at
            from {{ payments }} as of_account
            where
                of_account.sender_key = reached.account_key
                and of_account.booked_at between reached.reached_at
                and reached.reached_at + {{ minutes }} * interval '1 minute'
                and of_account.amount_sek >= {{ floor_sek }}
            {{ evaluate_once() }}
        ) as edges on true
        where reached.hop < {{ hops }}
    ),
    {%- endif %}
    starts as (
        {%- if hops > 0 %}
        select account_key, reached_at as booked_at from reached
        union
        {%- endif %}
        {%- for key in keys %}
        select {{ key }} as account_key, booked_at from {{ reopened() }}_touched
        {{ 'union' if not loop.last }}
        {%- endfor %}
    ),
    units as (
        {%- for key in keys %}
        select starts.account_key as subject_key, edges.booked_date
        from starts
        inner join lateral (
            select of_account.booked_date
            from {{ payments }} as of_account
            where
                of_account.{{ key }} = starts.account_key
                and of_account.booked_at between starts.booked_at
                and starts.booked_at + {{ minutes }} * interval '1 minute'
                and of_account.amount_sek >= {{ floor_sek }}
            {{ evaluate_once() }}
        ) as edges on true
        union
        select {{ key }}, booked_date from {{ reopened() }}_touched
        union
        select {{ key }}, booked_date
        from {{ payments }}
        where not {{ has_seen }} and amount_sek >= {{ floor_sek }}
        {{ 'union' if not loop.last }}
        {%- endfor %}
    )
    select
        subject_key,
        booked_date,
        -- Wide enough for any time zone: the day itself is asked for beside it.
        cast(booked_date - 1 as timestamptz) as day_from,
        cast(booked_date + 2 as timestamptz) as day_to
    from units;
    create index on {{ reopened() }} (subject_key, booked_date);
    analyze {{ reopened() }};
    {%- if is_kept_by_load() %}
    delete from {{ this }} as hits
    using {{ reopened() }} as units
    where hits.subject_key = units.subject_key and hits.alert_date = units.booked_date;
    {%- endif %}
    {{ forget_reopened_windows(model.name) }};
    {{ by_load__record_changes_sql(model_of_payments) }}
{%- endmacro %}
