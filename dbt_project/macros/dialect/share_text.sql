{#- A part of a whole as a percentage with one decimal, for sentences. -#}
{% macro share_text(part, whole) %}
    {{ return(adapter.dispatch('share_text')(part, whole)) }}
{% endmacro %}

{% macro postgres__share_text(part, whole) -%}
    to_char(100.0 * {{ part }} / nullif({{ whole }}, 0), 'FM990.0') || ' %'
{%- endmacro %}
