{#- The point in time that lies so many dateparts back. -#}
{% macro instant_ago(datepart, interval) %}
    {{- return(adapter.dispatch("instant_ago", "dbt_expectations")(datepart, interval)) -}}
{% endmacro %}

{% macro default__instant_ago(datepart, interval) %}{{ dbt.dateadd(datepart, interval * -1, "now()") }}{% endmacro %}

{#- Postgres intervals know no quarter. -#}
{% macro postgres__instant_ago(datepart, interval) -%}
    {%- if datepart == "quarter" -%}
        now() - {{ interval * 3 }} * interval '1 month'
    {%- else -%}
        now() - {{ interval }} * interval '1 {{ datepart }}'
    {%- endif -%}
{%- endmacro %}
