{#- `group by 1, 2` for two grouping expressions, nothing without any. -#}
{% macro group_by_positions(group_by) %}
{%- if group_by -%}
group by {% for expression in group_by %}{{ loop.index }}{{ ", " if not loop.last }}{% endfor %}
{%- endif -%}
{% endmacro %}
