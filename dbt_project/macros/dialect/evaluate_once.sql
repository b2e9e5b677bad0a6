{#- Keeps the planner from pulling the query up, so that its columns are computed once a row, however often they are used. -#}
{% macro evaluate_once() %}{{ return(adapter.dispatch('evaluate_once')()) }}{% endmacro %}

{% macro postgres__evaluate_once() %}offset 0{% endmacro %}
