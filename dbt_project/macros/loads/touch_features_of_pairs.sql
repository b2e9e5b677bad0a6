{#-
    Takes out of int_aml_features__of_pairs the rows that are to be computed again, and lists them in
    touched_pairs(): those that saw a new pair which has come, gone or changed. A window looks back
    only, so of the newest day all rows are computed, and of an earlier one those near it: accounts
    of the pair, for as long as degrees are counted, and accounts that met those, for as long as
    paths are.
-#}
{% macro touch_features_of_pairs(new_pairs) -%}
    {%- if is_incremental() -%}
        create temporary table {{ model.name }}__changed on commit drop as
        select distinct sender_key, receiver_key, met_date
        from {{ reopened_windows() }}
        where reader = '{{ model.name }}';
        analyze {{ model.name }}__changed;

        create temporary table {{ model.name }}__reached on commit drop as
        with ends as (
            select sender_key as account_key, met_date from {{ model.name }}__changed
            where met_date < (select max(met_date) from {{ new_pairs }})
            union
            select receiver_key, met_date from {{ model.name }}__changed
            where met_date < (select max(met_date) from {{ new_pairs }})
        )

        select
            account_key,
            met_date as first_date,
            met_date + {{ var('aml_degree_days') }} - 1 as last_date
        from ends
        union
        select
            near.receiver_key,
            ends.met_date,
            ends.met_date + {{ var('aml_path_days') }} - 1
        from ends
        inner join {{ new_pairs }} as near
            on
                ends.account_key = near.sender_key
                and near.met_date > ends.met_date - {{ var('aml_path_days') }}
                and near.met_date < ends.met_date + {{ var('aml_path_days') }}
        union
        select
            near.sender_key,
            ends.met_date,
            ends.met_date + {{ var('aml_path_days') }} - 1
        from ends
        inner join {{ new_pairs }} as near
            on
                ends.account_key = near.receiver_key
                and near.met_date > ends.met_date - {{ var('aml_path_days') }}
                and near.met_date < ends.met_date + {{ var('aml_path_days') }};
        analyze {{ model.name }}__reached;

        create temporary table {{ touched_pairs() }} on commit drop as
        select sender_key, receiver_key, met_date from {{ model.name }}__changed
        union
        select sender_key, receiver_key, met_date from {{ new_pairs }}
        where
            met_date in (
                select met_date from {{ model.name }}__changed
                where met_date >= (select max(met_date) from {{ new_pairs }})
            )
        union
        select pairs.sender_key, pairs.receiver_key, pairs.met_date
        from {{ model.name }}__reached as reached
        inner join {{ new_pairs }} as pairs
            on
                reached.account_key = pairs.sender_key
                and pairs.met_date between reached.first_date and reached.last_date
        union
        select pairs.sender_key, pairs.receiver_key, pairs.met_date
        from {{ model.name }}__reached as reached
        inner join {{ new_pairs }} as pairs
            on
                reached.account_key = pairs.receiver_key
                and pairs.met_date between reached.first_date and reached.last_date;
        create index on {{ touched_pairs() }} (sender_key, receiver_key, met_date);
        analyze {{ touched_pairs() }};

        -- With the planner told how many there are: it takes a join on three columns for one row.
        create temporary table {{ due_pairs() }} on commit drop as
        select new_pairs.sender_key, new_pairs.receiver_key, new_pairs.met_date, new_pairs.amount_sek
        from {{ new_pairs }} as new_pairs
        inner join {{ touched_pairs() }} as touched
            on
                new_pairs.sender_key = touched.sender_key
                and new_pairs.receiver_key = touched.receiver_key
                and new_pairs.met_date = touched.met_date;
        analyze {{ due_pairs() }};

        {{ delete_touched_pairs() }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Those of them that there are. -#}
{% macro due_pairs() -%}
    {{ model.name }}__due
{%- endmacro %}
