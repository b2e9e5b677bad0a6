{#- True where a by_load model adds to a table that stands; false where it makes a new one. -#}
{% macro is_kept_by_load() -%}
    {{ return(execute and load_cached_relation(this) is not none and not should_full_refresh()) }}
{%- endmacro %}
