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
        '(?s)/\\*<(?:scope|loads) (\\S+)>\\*/.*?/\\*</scope>\\*/', '(\\1' ~ is_one ~ ')', sql
    ) -%}
    {%- set scoped = modules.re.sub('(?s)/\\*<lines \\S+>\\*/.*?/\\*</scope>\\*/', 'false', scoped) -%}
    {{ modules.re.sub(
        '(?s)/\\*<added>\\*/.*?/\\*</added>\\*/',
        'select *, 1 as _sign from ' ~ source ~ ' where _load_id' ~ is_one,
        scoped
    ) }}
{%- endmacro %}

{#-
    The rows of the lines in `touched`, a table of _load_id and _line_no. Few lines are looked up one
    by one, by the index of their partition: a join would rather read all of history, for it takes
    them for a quarter of it.
-#}
{% macro sql_of_lines(sql, touched, are_few) -%}
    {%- set looked_up -%}
        from (
            select found.*
            from {{ touched }} as touched
            cross join lateral {{ line_of('\\1', 'touched') }} as found
        ) as touched_lines\2true
    {%- endset -%}
    {%- set by_line = (
        '((\\1_load_id, \\1_line_no) in (select touched._load_id, touched._line_no from '
        ~ touched ~ ' as touched))'
    ) -%}
    {%- set by_load = '(\\1 in (select touched._load_id from ' ~ touched ~ ' as touched))' -%}
    {%- set due = modules.re.sub('(?s)/\\*<loads \\S+>\\*/.*?/\\*</scope>\\*/', 'false', sql) -%}
    {%- set few = modules.re.sub(
        '(?s)from (\\S+)(\\s+where\\s(?:(?!\\bfrom\\b).)*?)/\\*<(?:scope|lines) _load_id>\\*/.*?/\\*</scope>\\*/',
        looked_up,
        due
    ) if are_few else due -%}
    {%- set lines = modules.re.sub(
        '(?s)/\\*<(?:scope|lines) ((?:\\w+\\.)?)_load_id>\\*/.*?/\\*</scope>\\*/', by_line, few
    ) -%}
    {{ modules.re.sub('(?s)/\\*<(?:scope|lines) (\\S+)>\\*/.*?/\\*</scope>\\*/', by_load, lines) }}
{%- endmacro %}

{#- What the changes of a source add to sums: each row that came with its plus, each gone with its minus. -#}
{% macro sql_of_changes(sql, changes) -%}
    {%- set added = modules.re.sub(
        '(?s)/\\*<added>\\*/.*?/\\*</added>\\*/', 'select * from ' ~ changes, sql
    ) -%}
    {{ modules.re.sub('(?s)/\\*<\\w+ \\S+>\\*/.*?/\\*</scope>\\*/', 'false', added) }}
{%- endmacro %}
