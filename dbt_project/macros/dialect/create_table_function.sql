{#-
    Makes a function that returns the rows of a query over its arguments, in the place of the one
    that is there. Runs with the rights of whoever calls it.
-#}
{% macro create_table_function(name, arguments, columns, query, comment) %}
    {{ return(adapter.dispatch('create_table_function')(name, arguments, columns, query, comment)) }}
{% endmacro %}

{% macro postgres__create_table_function(name, arguments, columns, query, comment) -%}
    {%- set types = arguments.values() | join(', ') -%}
    drop function if exists {{ name }} ({{ types }});
    create function {{ name }} (
        {%- for argument, type in arguments.items() %}
        {{ argument }} {{ type }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    returns table (
        {%- for column, type in columns.items() %}
        {{ column }} {{ type }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    language sql
    stable
    as $function$
    {{ query }}
    $function$;
    comment on function {{ name }} ({{ types }}) is '{{ comment | replace("'", "''") }}'
{%- endmacro %}
