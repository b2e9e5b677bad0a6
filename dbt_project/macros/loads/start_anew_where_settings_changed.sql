{#-
    Empties a model, and lets it build everything anew, where the seeds that its rows were made with
    say something else now. Their fingerprint stands in applied_loads under '<model> settings'; it is
    written in the transaction that writes the rows.
-#}
{% macro start_anew_where_settings_changed(settings_query) -%}
    {%- set is_other -%}
        not exists (
            select 1 from {{ applied_loads() }}
            where model = '{{ model.name }} settings' and version = ({{ settings_query }})
        )
    {%- endset -%}
    {%- if is_kept_by_load() -%}
        delete from {{ this }} where {{ is_other }};
    {%- endif %}
    delete from {{ applied_changes() }}
    where model = '{{ model.name }}' and {{ is_other if is_kept_by_load() else 'true' }};
    delete from {{ applied_loads() }}
    where
        model in ('{{ model.name }}', '{{ model.name }} settings')
        and {{ is_other if is_kept_by_load() else 'true' }};
    insert into {{ applied_loads() }} (model, load_id, version)
    select '{{ model.name }} settings', 0, ({{ settings_query }})
    on conflict do nothing
{%- endmacro %}

{#-
    The fingerprint of what a rule's stored rows depend on: all of its seed's rows but what the marts
    apply (threshold, status, dates, words).
-#}
{% macro settings_of_rules(rule_ids) -%}
    select md5(coalesce(string_agg(
        concat_ws(
            '/', rule_id, version, store_from, window_minutes, floor_sek, low_share, high_share,
            companion_threshold, {{ var('aml_floor_scale') }}
        ),
        ',' order by rule_id, version
    ), ''))
    from {{ ref('aml_rules') }}
    where rule_id in ('{{ rule_ids | join("', '") }}') and status <> 'draft'
{%- endmacro %}

{#- The fingerprint of the countries that were ever listed; when, is for the rule to ask. -#}
{% macro settings_of_listing() -%}
    select md5(string_agg(country_code, ' ' order by country_code))
    from (select distinct country_code from {{ ref('aml_jurisdictions') }}) as listed
{%- endmacro %}
