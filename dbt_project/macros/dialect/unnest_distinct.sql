{#- One row per element that differs from the others. -#}
{% macro unnest_distinct(array) %}{{ return(adapter.dispatch('unnest_distinct')(array)) }}{% endmacro %}

{% macro postgres__unnest_distinct(array) -%}
    (select distinct element from unnest({{ array }}) as each (element))
{%- endmacro %}
