{#-
    Takes out of a snapshot what a purge of the feed takes out of everything else: states that ended
    in the purged period, and the history of keys that only purged loads listed.
-#}
{% macro forget_purged_history(feed, current_rows, key) -%}
    delete from {{ this }} as history
    where
        cast(history.valid_to as date) <= ops.purged_through('{{ feed }}')
        or (
            cast(history.valid_from as date) <= ops.purged_through('{{ feed }}')
            and not exists (
                select 1
                from {{ current_rows }} as current_rows
                where current_rows.{{ key }} = history.{{ key }}
            )
        )
{%- endmacro %}
