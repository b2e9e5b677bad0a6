{#- The loads of some feeds that stood when the build began: a table, for by_load's `wanted`. -#}
{% macro known_loads_of(feeds) -%}
    with loads as (
        select * from {{ ref('int_loads__known') }}
    )

    select
        load_id,
        feed,
        file_name,
        business_date,
        line_count,
        malformed_count,
        version
    from loads
    where feed in ('{{ feeds | join("', '") }}')
{%- endmacro %}
