{#-
    The log of a table that other models follow: its rows that changed while their load stood, the
    old with _sign -1, the new with _sign 1, numbered by _change_id.
-#}
{% macro changes_of(relation) -%}
    intermediate.{{ relation.identifier }}__changes
{%- endmacro %}

{% macro create_changes_of(relation) -%}
    create table if not exists {{ changes_of(relation) }} (
        like {{ relation }},
        _sign smallint not null,
        _change_id bigint primary key default nextval('{{ change_numbers() }}'),
        _changed_at timestamp with time zone not null default now()
    )
{%- endmacro %}

{#- Forgets changes that all have taken up; for two days tests still look at them. -#}
{% macro trim_changes(relation) -%}
    delete from {{ changes_of(relation) }}
    where
        _changed_at < now() - interval '2 days'
        and _change_id <= (
            select min(through) from {{ applied_changes() }}
            where source = '{{ relation.identifier }}'
        );
{%- endmacro %}
