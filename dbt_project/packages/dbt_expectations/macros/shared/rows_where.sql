{#- The rows of a model that a test looks at, as a from clause. A row condition is bracketed, so that its `or` stays its own. -#}
{% macro rows_where(model, row_condition=none) %}
from {{ model }}
{%- if row_condition %}
where ({{ row_condition }})
{%- endif %}
{%- endmacro %}
