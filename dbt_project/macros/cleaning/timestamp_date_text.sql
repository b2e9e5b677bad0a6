{#-
    The date of timestamp_parts() as YYYY-MM-DD; two digits are a year of this century, never 2009
    for 25-04-09.
-#}
{% macro timestamp_date_text(parts) -%}
    {%- set date_part = array_item(parts, 1) -%}
    case
        when length({{ date_part }}) = 10 then {{ date_part }}
        when {{ matches(date_part, '^[0-9]{2}-') }} then '20' || {{ date_part }}
        else
            substr({{ date_part }}, 1, 4) || '-' || substr({{ date_part }}, 5, 2)
            || '-' || substr({{ date_part }}, 7, 2)
    end
{%- endmacro %}
