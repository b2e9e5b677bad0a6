{#- A share (0.05) as people write it ('5 %'), for sentences. -#}
{% macro percent_text(share) -%}
    '{{ ('%g' % (share * 100)) }} %'
{%- endmacro %}
