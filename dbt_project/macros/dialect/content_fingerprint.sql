{#-
    32 hexadecimal digits that differ where any of the values differs. Times must be given without a
    zone: their text would follow the session.
-#}
{% macro content_fingerprint(columns) %}
    {{ return(adapter.dispatch('content_fingerprint')(columns)) }}
{% endmacro %}

{% macro postgres__content_fingerprint(columns) -%}
    md5(cast(row({{ columns | join(', ') }}) as text))
{%- endmacro %}
