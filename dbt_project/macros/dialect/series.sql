{#- One row per whole number from the first to the last; none where the last is below the first. -#}
{% macro series(first, last) %}{{ return(adapter.dispatch('series')(first, last)) }}{% endmacro %}

{% macro postgres__series(first, last) %}generate_series({{ first }}, {{ last }}){% endmacro %}
