{#-
    True for YYMMDD-NNNN (or YYMMDD+NNNN, from a hundred years on) with the check digit of Luhn over
    the ten digits. The register writes no century, so the date is checked as a day of either one;
    coordination numbers (day + 60) pass.
-#}
{% macro personnummer_is_valid(personnummer) -%}
    {%- set digits = without_characters(personnummer, '-+') -%}
    {%- set month = '(0[1-9]|1[0-2])' -%}
    {%- set day = '(0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])' -%}
    case
        when not {{ matches(personnummer, '^[0-9]{2}' ~ month ~ day ~ '[-+][0-9]{4}$') }}
            then false
        else mod(
            {%- for position in range(1, 11) %}
            {%- set digit = "cast(substr(" ~ digits ~ ", " ~ position ~ ", 1) as integer)" %}
            {%- if position % 2 == 1 %}
            {{ digit }} * 2 - case when {{ digit }} > 4 then 9 else 0 end
            {%- else %}
            {{ digit }}
            {%- endif %}{{ ' +' if not loop.last }}
            {%- endfor %}
            , 10
        ) = 0
    end
{%- endmacro %}
