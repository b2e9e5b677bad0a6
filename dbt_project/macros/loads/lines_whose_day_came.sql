{#-
    Lines of int_transactions__late that the clock passed since int_transactions__rejected was built:
    their day came, or, where the load that had brought it was withdrawn, is to come again.
-#}
{% macro lines_whose_day_came() -%}
    select
        late._load_id,
        late._line_no
    from {{ ref('int_transactions__late') }} as late
    cross join (
        {{ clock_sql() }}
    ) as clock
    where
        late.booked_date > least(clock.before, clock.now)
        and late.booked_date <= greatest(clock.before, clock.now)
{%- endmacro %}

{#- The day through which lines may stand, as this build sees it and as the one before saw it. -#}
{% macro clock_sql() -%}
    select
        current_clock.released_through as now,
        date '2000-01-01' + cast(applied.through as integer) as before
    from (
        select max(released_through) as released_through
        from {{ ref('int_transaction_loads__registered') }}
    ) as current_clock
    inner join {{ applied_changes() }} as applied
        on applied.model = '{{ model.name }}' and applied.source = 'clock'
{%- endmacro %}

{% macro record_clock() -%}
    insert into {{ applied_changes() }} (model, source, through)
    select
        '{{ model.name }}',
        'clock',
        max(released_through) - date '2000-01-01'
    from {{ ref('int_transaction_loads__registered') }}
    having max(released_through) is not null
    on conflict (model, source) do update set through = excluded.through
{%- endmacro %}
