{#- What the by_load materialization makes of a model's SQL, for the rows that it is to give. -#}

{#-
    All rows of some loads. Their numbers stand in the SQL, so that the planner prunes partitions, and
    knows of a join over a single load that it keeps all rows.
-#}
{% macro sql_of_loads(sql, source, load_ids) -%}
    {%- set is_one = (
        ' = ' ~ load_ids[0] if load_ids | length == 1
        else " = any('{" ~ load_ids | join(',') ~ "}'::integer[])"
    ) -%}
    {%- set scoped = modules.re.sub(
        '(?s)/\\*<scope (\\S+)>\\*/.*?/\\*</scope>\\*/', '(\\1' ~ is_one ~ ')', sql
    ) -%}
    {{ modules.re.sub(
        '(?s)/\\*<added>\\*/.*?/\\*</added>\\*/',
        'select *, 1 as _sign from ' ~ source ~ ' where _load_id' ~ is_one,
        scoped
    ) }}
{%- endmacro %}

{#- The rows of the lines in `touched`, a table of _load_id and _line_no. -#}
{% macro sql_of_lines(sql, touched) -%}
    {%- set by_line = (
        '((\\1_load_id, \\1_line_no) in (select touched._load_id, touched._line_no from '
        ~ touched ~ ' as touched))'
    ) -%}
    {%- set by_load = '(\\1 in (select touched._load_id from ' ~ touched ~ ' as touched))' -%}
    {%- set lines = modules.re.sub(
        '(?s)/\\*<scope ((?:\\w+\\.)?)_load_id>\\*/.*?/\\*</scope>\\*/', by_line, sql
    ) -%}
    {{ modules.re.sub('(?s)/\\*<scope (\\S+)>\\*/.*?/\\*</scope>\\*/', by_load, lines) }}
{%- endmacro %}

{#- What the changes of a source add to sums: each row that came with its plus, each gone with its minus. -#}
{% macro sql_of_changes(sql, changes) -%}
    {%- set added = modules.re.sub(
        '(?s)/\\*<added>\\*/.*?/\\*</added>\\*/', 'select * from ' ~ changes, sql
    ) -%}
    {{ modules.re.sub('(?s)/\\*<scope (\\S+)>\\*/.*?/\\*</scope>\\*/', 'false', added) }}
{%- endmacro %}
