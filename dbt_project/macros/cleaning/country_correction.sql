{#-
    The rule by which a country was corrected, null where the name as it stands is the standard's
    own, or no country could be told. `alias` is the row of country_aliases that the name found,
    `key` is country_key() of the name.
-#}
{% macro country_correction(raw, key, alias, is_own, is_swedish_municipality) -%}
    case
        when {{ key }} is null and {{ is_own }} then 'country.from_own_account'
        when {{ key }} is null and {{ is_swedish_municipality }} then 'country.from_municipality'
        when {{ alias }}.kind = 'iso_name' and {{ raw }} = {{ alias }}.alias then null
        when {{ alias }}.country_code is not null then 'country.alias'
    end
{%- endmacro %}
