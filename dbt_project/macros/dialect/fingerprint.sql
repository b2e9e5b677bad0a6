{#- 32 hexadecimal digits that differ where the text differs. -#}
{% macro fingerprint(expression) %}
    {{ return(adapter.dispatch('fingerprint')(expression)) }}
{% endmacro %}

{% macro postgres__fingerprint(expression) -%}
    md5({{ expression }})
{%- endmacro %}
