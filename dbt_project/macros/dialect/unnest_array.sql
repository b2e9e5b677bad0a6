{#- One row per element. -#}
{% macro unnest_array(array) %}{{ return(adapter.dispatch('unnest_array')(array)) }}{% endmacro %}

{% macro postgres__unnest_array(array) %}unnest({{ array }}){% endmacro %}
