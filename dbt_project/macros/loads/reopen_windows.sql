{#- The units (subject and day) that a rule judges in this build. -#}
{% macro reopened() -%}
    {{ model.name }}__reopened
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
    create temporary table {{ reopened() }} on commit drop as
    with recursive touched as materialized (
        select sender_key, receiver_key, booked_at, booked_date
        from {{ changes_of(payments) }}
        where
            _change_id > {{ by_load__through_sql(model_of_payments) }}
            and {{ has_seen }}
            and amount_sek >= {{ floor_sek }}
        union
        select sender_key, receiver_key, booked_at, met_date
        from {{ reopened_windows() }}
        where reader = '{{ model.name }}'
        union
        select sender_key, receiver_key, booked_at, booked_date
        from {{ payments }}
        where not {{ has_seen }} and amount_sek >= {{ floor_sek }}
    ),
    {%- if hops > 0 %}
    reached (account_key, reached_at, hop) as (
        select distinct receiver_key, booked_at, 1 from touched
        union
        select edges.receiver_key, edges.booked_at, reached.hop + 1
        from reached
        inner join {{ payments }} as edges
            on edges.sender_key = reached.account_key
            and edges.booked_at between reached.reached_at
                and reached.reached_at + {{ minutes }} * interval '1 minute'
        where
            reached.hop < {{ hops }}
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
        inner join {{ payments }} as edges
            on edges.{{ key }} = starts.account_key
            and edges.booked_at between starts.booked_at
                and starts.booked_at + {{ minutes }} * interval '1 minute'
        where edges.amount_sek >= {{ floor_sek }}
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
    {{ forget_reopened_windows(model.name) }};
    {{ by_load__record_changes_sql(model_of_payments) }}
{%- endmacro %}
