{#- A date or a timestamp as a point in time, comparable with the present moment. -#}
{% macro instant(expression) %}
    {{- return(adapter.dispatch("instant", "dbt_expectations")(expression)) -}}
{% endmacro %}

{% macro default__instant(expression) %}cast({{ expression }} as timestamp with time zone){% endmacro %}
