{#- timestamp_parts() as one text that the database reads, with its offset where it has one. -#}
{% macro timestamp_text(parts) -%}
    ({{ timestamp_date_text(parts) }})
    || ' ' || {{ array_item(parts, 3) }} || ':' || {{ array_item(parts, 5) }}
    || ':' || coalesce({{ array_item(parts, 6) }}, '00')
    || coalesce(replace({{ array_item(parts, 7) }}, ',', '.'), '')
    || coalesce({{ array_item(parts, 8) }}, '')
{%- endmacro %}
