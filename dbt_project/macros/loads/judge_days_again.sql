{#-
    Makes every model take the loads of some business dates for restated: they are judged again from
    their raw lines, and only rows that come out differently are written. For after a change of a
    rule, where a full refresh would judge all of history.
-#}
{% macro judge_days_again() %}
    {%- set first, last = var('judge_again_from'), var('judge_again_to') -%}
    {%- if execute and (first or last) -%}
        {%- for day in (first, last) if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', day | string) -%}
            {{ exceptions.raise_compiler_error(
                "judge_again_from and judge_again_to must both be dates, YYYY-MM-DD; found "
                ~ first ~ " and " ~ last
            ) }}
        {%- endfor %}
        update {{ applied_loads() }} as applied
        set version = applied.version || ' judged again'
        from {{ source('ops', 'loads') }} as loads
        where
            applied.load_id = loads.load_id
            and loads.business_date between '{{ first }}' and '{{ last }}'
    {%- endif -%}
{% endmacro %}
