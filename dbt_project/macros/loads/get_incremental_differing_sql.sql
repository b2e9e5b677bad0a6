{#-
    incremental_strategy='differing': of the rows that the model gives, writes those that differ from
    what stands under their key. What it does not give stays as it is.
-#}
{% macro get_incremental_differing_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set given = arg_dict['temp_relation'] -%}
    {%- set keys = [arg_dict['unique_key']] if arg_dict['unique_key'] is string else arg_dict['unique_key'] -%}
    {%- set names = arg_dict['dest_columns'] | map(attribute='quoted') | list -%}
    delete from {{ target }} as standing
    using {{ given }} as given
    where
        {%- for key in keys %}
        given.{{ key }} = standing.{{ key }} and
        {%- endfor %}
        ({% for name in names %}given.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
        is distinct from
        ({% for name in names %}standing.{{ name }}{{ ', ' if not loop.last }}{% endfor %});
    {{ insert_missing_sql(target, given, names, keys) }}
{%- endmacro %}
