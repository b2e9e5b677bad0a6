{#- The flag a country carries, null where the name says it plainly. -#}
{% macro country_flag(country, correction, is_ambiguous) -%}
    case
        when {{ correction }} in ('country.from_own_account', 'country.from_municipality')
            then {{ correction }}
        when {{ country }} is not null then null
        when {{ is_ambiguous }} then 'country.ambiguous'
        else 'country.unknown'
    end
{%- endmacro %}
