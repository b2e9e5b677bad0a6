{#-
    Takes out of int_aml_pairs__scored what is to be scored again, and lists it in touched_pairs():
    the pairs whose features were computed, or all of them where they were scored by another table
    of points.
-#}
{% macro touch_scored_pairs(features, points_table) -%}
    {%- if is_incremental() -%}
        create temporary table {{ touched_pairs() }} on commit drop as
        select sender_key, receiver_key, met_date
        from {{ reopened_windows() }}
        where reader = '{{ model.name }}'
        union
        select features.sender_key, features.receiver_key, features.met_date
        from {{ features }} as features
        where
            (select {{ points_fingerprint() }} from {{ points_table }})
            is distinct from (select max(card_fingerprint) from {{ this }});
        create index on {{ touched_pairs() }} (sender_key, receiver_key, met_date);
        analyze {{ touched_pairs() }};

        {{ delete_touched_pairs() }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Notes for `reader` the pairs that the model has computed. -#}
{% macro note_touched_pairs(reader) -%}
    insert into {{ reopened_windows() }} (reader, sender_key, receiver_key, met_date)
    select '{{ reader }}', sender_key, receiver_key, met_date
    from {{ touched_pairs() if is_incremental() else this }}
{%- endmacro %}
