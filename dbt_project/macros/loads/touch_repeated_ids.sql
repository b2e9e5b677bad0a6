{#-
    Takes the ids of int_transactions__deduplicated that are to be looked at again out of it, and
    keeps them in touched_ids for the rest of the transaction: those of loads that came, are gone or
    stand in another version, those of lines that were judged or rejected otherwise since, and with
    them all rows of the id, for where the first line was withdrawn, the next one takes its place.
-#}
{% macro touch_repeated_ids(wanted) -%}
    {%- set repeated, rejected = ref('int_transactions__repeated'), ref('int_transactions__rejected') -%}
    {%- if is_incremental() -%}
        create temporary table {{ touched_ids() }} on commit drop as
        select transaction_id
        from {{ this }}
        where
            {{ is_one_of('_load_id', by_load__unwanted_sql(wanted)) }}
            or {{ in_loads_to_build(wanted) }}
        union
        select transaction_id
        from {{ repeated }}
        where {{ in_loads_to_build(wanted) }}
        union
        select transaction_id
        from {{ changes_of(repeated) }}
        where _change_id > {{ by_load__through_sql(repeated.identifier) }}
        union
        select repeated.transaction_id
        from {{ changes_of(rejected) }} as changed
        inner join {{ repeated }} as repeated
            on
                changed._load_id = repeated._load_id
                and changed._line_no = repeated._line_no
        where changed._change_id > {{ by_load__through_sql(rejected.identifier) }};
        analyze {{ touched_ids() }};
        create temporary table {{ touched_ids() }}_before on commit drop as
        select * from {{ this }}
        where {{ is_one_of('transaction_id', 'select transaction_id from ' ~ touched_ids()) }};
        delete from {{ this }}
        where {{ is_one_of('transaction_id', 'select transaction_id from ' ~ touched_ids()) }}
    {%- else -%}
        drop table if exists {{ changes_of(this) }}
    {%- endif -%}
{%- endmacro %}

{% macro touched_ids() -%}
    {{ model.name }}__touched
{%- endmacro %}

{#- Notes which rows of the touched ids are others than before, and what was taken up. -#}
{% macro log_touched_ids() -%}
    {%- set names = by_load__columns(this) | join(', ') -%}
    {{ create_changes_of(this) }};
    {%- if is_incremental() %}
        create temporary table {{ touched_ids() }}_now on commit drop as
        select * from {{ this }}
        where {{ is_one_of('transaction_id', 'select transaction_id from ' ~ touched_ids()) }};
        insert into {{ changes_of(this) }} ({{ names }}, _sign)
        select {{ names }}, -1 from (
            select * from {{ touched_ids() }}_before
            except
            select * from {{ touched_ids() }}_now
        ) as gone;
        insert into {{ changes_of(this) }} ({{ names }}, _sign)
        select {{ names }}, 1 from (
            select * from {{ touched_ids() }}_now
            except
            select * from {{ touched_ids() }}_before
        ) as come;
        {{ trim_changes(this) }}
    {%- endif %}
    {%- for source in ('int_transactions__repeated', 'int_transactions__rejected') %}
        {{ by_load__record_changes_sql(source) }}
    {%- endfor %}
    select 1
{%- endmacro %}
