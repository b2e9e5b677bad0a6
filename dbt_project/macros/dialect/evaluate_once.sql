{#-
    Keeps the planner from pulling the query up, so that its columns are computed once a row,
    however often they are used.
-#}
{% macro evaluate_once() %}
    {{ return(adapter.dispatch('evaluate_once')()) }}
{% endmacro %}

{#- A bigint, for an integer is cast; only a plain constant lets the query run on all cores. -#}
{% macro postgres__evaluate_once() -%}
    offset bigint '0'
{%- endmacro %}
