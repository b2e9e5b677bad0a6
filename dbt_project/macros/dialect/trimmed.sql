{#-
    Without the blanks around it: spaces, tabs, and the no-break spaces that spreadsheets put into
    numbers.
-#}
{% macro trimmed(expression) %}
    {{ return(adapter.dispatch('trimmed')(expression)) }}
{% endmacro %}

{% macro postgres__trimmed(expression) -%}
    btrim({{ expression }}, E' \t\r\n\u00a0\u2007\u202f\ufeff')
{%- endmacro %}
