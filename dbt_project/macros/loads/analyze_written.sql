{#-
    A post-hook: the planner knows nothing of a table that was just made, takes joins on it for a
    row, and loops over a million. Autovacuum comes by after a minute; the next model is there at once.
-#}
{% macro analyze_written() -%}
    {%- if model.config.materialized in ('table', 'incremental') -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
