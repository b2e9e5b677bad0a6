{#-
    Takes out of int_aml_loads__profiled the loads that are gone, that stand otherwise in the fact, or
    of which a line changed that counts in the profile: one that is not dated after its delivery.
    Lines that waited for their day, a hundredth of every delivery, so touch no old one.
-#}
{% macro touch_profiled_loads(published) -%}
    {%- set facts = ref('fct_transactions') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as standing
        where
            not exists (
                select 1
                from {{ published_facts(published) }} as published
                where
                    published.load_id = standing.load_id
                    and published.version = standing.facts_version
            )
            or standing.load_id in (
                select _load_id from {{ changes_of(facts) }}
                where
                    _change_id > {{ by_load__through_sql(facts.identifier) }}
                    and booked_date <= business_date + 1
            )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- The published loads as they stand in fct_transactions. -#}
{% macro published_facts(published) -%}
    (
        select
            published.load_id,
            published.business_date,
            published.version || '@' || cast(extract(epoch from applied.applied_at) as text)
                as version
        from {{ published }} as published
        inner join {{ applied_loads() }} as applied
            on applied.model = 'fct_transactions' and published.load_id = applied.load_id
    )
{%- endmacro %}
