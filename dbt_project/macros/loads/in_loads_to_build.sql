{#-
    The rows that this model has yet to write: those of loads that `wanted` (a table of load_id and
    version) lists in another version than the one that stands in the model. The by_load
    materialization narrows it further, load by load or line by line: see scoped_sql(). Unit tests
    override `in_loads_to_build` with true.
-#}
{% macro loads_to_build(wanted) -%}
    select wanted.load_id
    from {{ wanted }} as wanted
    left join {{ applied_loads() }} as applied
        on
            applied.model = '{{ model.name }}'
            and wanted.load_id = applied.load_id
    where applied.version is distinct from wanted.version
{%- endmacro %}

{#-
    of_loads, of_lines: false where a table is not read for whole loads, or for single lines of others:
    those of a feed that the model follows no line of need not be.
-#}
{% macro in_loads_to_build(wanted, column='_load_id', of_loads=true, of_lines=true) -%}
    {%- set kind = 'scope' if of_loads and of_lines else ('loads' if of_loads else 'lines') -%}
    /*<{{ kind }} {{ column }}>*/ {{ is_one_of(column, loads_to_build(wanted)) }} /*</scope>*/
{%- endmacro %}

{#-
    The rows that a model of sums adds up, each with its _sign: those of the loads that it has yet to
    write, or, for loads that stand, what changed about them in `source` since (by_load's `adds`).
-#}
{% macro rows_to_add(source, wanted=none) -%}
    /*<added>*/
    select
        *,
        1 as _sign
    from {{ source }}
    {%- if wanted is not none %}
    where {{ is_one_of('_load_id', loads_to_build(wanted)) }}
    {%- endif %}
    /*</added>*/
{%- endmacro %}
