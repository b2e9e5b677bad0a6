{#-
    What a raw country name is looked up by: lower case, single blanks, none around it; null where
    it is empty.
-#}
{% macro country_key(raw) -%}
    nullif(lower(replace({{ trimmed(raw) }}, '  ', ' ')), '')
{%- endmacro %}
