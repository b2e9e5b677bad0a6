{#- The texts of an array, one after the other with a blank between. -#}
{% macro array_text(array) %}{{ return(adapter.dispatch('array_text')(array)) }}{% endmacro %}

{% macro postgres__array_text(array) %}array_to_string({{ array }}, ' '){% endmacro %}
