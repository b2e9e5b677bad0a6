{#- An aggregate: a json list with an object for each row, of its columns; empty without rows. -#}
{% macro json_list(columns, order_by) %}
    {{ return(adapter.dispatch('json_list')(columns, order_by)) }}
{% endmacro %}

{% macro postgres__json_list(columns, order_by) -%}
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                {%- for column in columns %}
                '{{ column }}', {{ column }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
            order by {{ order_by }}
        ),
        '[]'
    )
{%- endmacro %}
