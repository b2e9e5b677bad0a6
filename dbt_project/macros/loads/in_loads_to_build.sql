{#-
    The loads whose rows this model has yet to write: those that `wanted` (a table of load_id and
    version) lists in another version than the one that stands in the model. Unit tests override
    `in_loads_to_build` with true.
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

{% macro in_loads_to_build(wanted, column='_load_id') -%}
    {{ is_one_of(column, loads_to_build(wanted)) }}
{%- endmacro %}
