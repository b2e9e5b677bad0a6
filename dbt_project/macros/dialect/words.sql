{#-
    The texts that are not null, as words of one text, a blank between them; null where there are
    none.
-#}
{% macro words(expressions) %}
    {{ return(adapter.dispatch('words')(expressions)) }}
{% endmacro %}

{% macro postgres__words(expressions) -%}
    nullif(concat_ws(' ', {{ expressions | join(', ') }}), '')
{%- endmacro %}
