{#-
    Membership in a short list that is read once: lets the planner prune partitions and use block
    ranges.
-#}
{% macro is_one_of(column, query) %}
    {{ return(adapter.dispatch('is_one_of')(column, query)) }}
{% endmacro %}

{% macro postgres__is_one_of(column, query) -%}
    ({{ column }} = any(array({{ query }})))
{%- endmacro %}
