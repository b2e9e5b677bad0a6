{#- Without any blank, no-break spaces too, and without some more characters. -#}
{% macro without_blanks(expression, others='') %}
    {{ return(adapter.dispatch('without_blanks')(expression, others)) }}
{% endmacro %}

{% macro postgres__without_blanks(expression, others='') -%}
    translate({{ expression }}, E'{{ others }} \t\u00a0\u2007\u202f', '')
{%- endmacro %}
