{#-
    Detection's look-ahead: a payment that comes late, or goes with its load, changes what later days
    saw. Which days, of which accounts or pairs, is noted in the transaction that changes a table, and
    struck out in the one that has built the next table from it. A build that is killed in between
    finds the notes again. Accounts are numbers here, and no line is named, so that a purge may leave
    notes behind for the build that ends it.

    reader: the model that still has to look at them.
-#}
{% macro reopened_windows() -%}
    intermediate.aml_reopened_windows
{%- endmacro %}

{% macro create_reopened_windows() %}
    do $create_reopened_windows$
    begin
        if to_regclass('{{ reopened_windows() }}') is null then
            -- As for applied_loads: a table that stands is not locked.
            perform pg_advisory_xact_lock({{ fence_lock_key() }});
            {%- if target.role %}
            set local role {{ target.role }};
            {%- endif %}
            create table if not exists {{ reopened_windows() }} (
                reader text not null,
                sender_key bigint,
                receiver_key bigint,
                met_date date not null,
                booked_at timestamp with time zone
            );
        end if;
    end
    $create_reopened_windows$
{% endmacro %}

{% macro forget_reopened_windows(reader) -%}
    delete from {{ reopened_windows() }} where reader = '{{ reader }}'
{%- endmacro %}

{#- The rows of a model that are to be written again, as a table of the transaction. -#}
{% macro touched_pairs() -%}
    {{ model.name }}__touched
{%- endmacro %}

{% macro delete_touched_pairs() -%}
    delete from {{ this }} as standing
    using {{ touched_pairs() }} as touched
    where
        touched.sender_key = standing.sender_key
        and touched.receiver_key = standing.receiver_key
        and touched.met_date = standing.met_date
{%- endmacro %}

{#-
    Takes out of int_aml_pairs__new what may be new no more, or not yet: pairs with a changed payment,
    for as long as a meeting is remembered afterwards; accounts of which a day was busy, or is no more.
    What stood there is kept in touched_pairs() until the model notes the difference.
-#}
{% macro touch_new_pairs(pairs, busy_days) -%}
    {%- if is_incremental() -%}
        create temporary table {{ model.name }}__changed on commit drop as
        select sender_key, receiver_key, met_date
        from {{ reopened_windows() }}
        where reader = '{{ model.name }}'
        union
        select sender_key, receiver_key, booked_date
        from {{ changes_of(pairs) }}
        where _change_id > {{ by_load__through_sql(pairs.identifier) }}
        union
        select account_key, null, booked_date
        from {{ changes_of(busy_days) }}
        where _change_id > {{ by_load__through_sql(busy_days.identifier) }};
        analyze {{ model.name }}__changed;

        create temporary table {{ touched_pairs() }} on commit drop as
        select distinct pairs.sender_key, pairs.receiver_key, pairs.booked_date as met_date
        from {{ model.name }}__changed as changed
        inner join {{ pairs }} as pairs
            on
                changed.sender_key = pairs.sender_key
                and changed.receiver_key = pairs.receiver_key
                and pairs.booked_date between
                changed.met_date and changed.met_date + {{ var('aml_pair_memory_days') }}
        union
        select pairs.sender_key, pairs.receiver_key, pairs.booked_date
        from {{ model.name }}__changed as changed
        inner join {{ pairs }} as pairs
            on
                changed.sender_key = pairs.sender_key
                and changed.met_date = pairs.booked_date
        where changed.receiver_key is null
        union
        select pairs.sender_key, pairs.receiver_key, pairs.booked_date
        from {{ model.name }}__changed as changed
        inner join {{ pairs }} as pairs
            on
                changed.sender_key = pairs.receiver_key
                and changed.met_date = pairs.booked_date
        where changed.receiver_key is null
        union
        -- A pair that is gone altogether stands here only.
        select sender_key, receiver_key, met_date
        from {{ model.name }}__changed
        where receiver_key is not null;
        create index on {{ touched_pairs() }} (sender_key, receiver_key, met_date);
        analyze {{ touched_pairs() }};

        create temporary table {{ model.name }}__before on commit drop as
        select standing.*
        from {{ touched_pairs() }} as touched
        inner join {{ this }} as standing
            on
                touched.sender_key = standing.sender_key
                and touched.receiver_key = standing.receiver_key
                and touched.met_date = standing.met_date;

        {{ delete_touched_pairs() }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Notes for `reader` which rows of int_aml_pairs__new are others than before. -#}
{% macro note_changed_pairs(reader) -%}
    {%- set columns = 'sender_key, receiver_key, met_date, amount_sek' -%}
    {%- if is_incremental() -%}
        insert into {{ reopened_windows() }} (reader, sender_key, receiver_key, met_date)
        with before as (
            select {{ columns }} from {{ model.name }}__before
        ),

        now_standing as (
            select standing.sender_key, standing.receiver_key, standing.met_date, standing.amount_sek
            from {{ touched_pairs() }} as touched
            inner join {{ this }} as standing
                on
                    touched.sender_key = standing.sender_key
                    and touched.receiver_key = standing.receiver_key
                    and touched.met_date = standing.met_date
        ),

        differing as (
            (select {{ columns }} from before except select {{ columns }} from now_standing)
            union
            (select {{ columns }} from now_standing except select {{ columns }} from before)
        )

        select distinct '{{ reader }}', sender_key, receiver_key, met_date
        from differing
    {%- else -%}
        {#- All of it may differ, and the reader is to look at all. -#}
        insert into {{ reopened_windows() }} (reader, sender_key, receiver_key, met_date)
        select '{{ reader }}', sender_key, receiver_key, met_date from {{ this }}
    {%- endif -%}
{%- endmacro %}
