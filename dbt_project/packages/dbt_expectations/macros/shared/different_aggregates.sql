{#-
    The groups (without group_by: the one row of both tables) in which an aggregate of the model and one of
    the other table differ by more than the tolerance. A group that one side lacks counts as 0 there. What is
    not said about the other table is taken from the model: its group_by and its row condition.
    Both sides are stacked and grouped again, so that groups whose key is null meet as well.
-#}
{% macro different_aggregates(
    model, expression, compare_model, compare_expression,
    group_by=none, compare_group_by=none, row_condition=none, compare_row_condition=none,
    tolerance=0.0, tolerance_percent=none
) %}
{%- set compare_group_by = compare_group_by or group_by -%}
{%- set compare_row_condition = compare_row_condition or row_condition -%}
{%- if (group_by or []) | length != (compare_group_by or []) | length -%}
    {{ exceptions.raise_compiler_error("dbt_expectations: group_by and compare_group_by must list equally many columns") }}
{%- endif %}
with
model_side as (
    select
        {%- for key in group_by or [] %}
        {{ key }} as group_{{ loop.index }},
        {%- endfor %}
        {{ expression }} as side_value
    {{ dbt_expectations.rows_where(model, row_condition) }}
    {{ dbt_expectations.group_by_positions(group_by) }}
),

compared_side as (
    select
        {%- for key in compare_group_by or [] %}
        {{ key }} as group_{{ loop.index }},
        {%- endfor %}
        {{ compare_expression }} as side_value
    {{ dbt_expectations.rows_where(compare_model, compare_row_condition) }}
    {{ dbt_expectations.group_by_positions(compare_group_by) }}
),

both_sides as (
    select
        {%- for key in group_by or [] %}
        group_{{ loop.index }},
        {%- endfor %}
        side_value as model_value,
        0 as compared_value
    from model_side

    union all

    select
        {%- for key in group_by or [] %}
        group_{{ loop.index }},
        {%- endfor %}
        0 as model_value,
        side_value as compared_value
    from compared_side
),

matched as (
    select
        {%- for key in group_by or [] %}
        group_{{ loop.index }},
        {%- endfor %}
        coalesce(sum(model_value), 0) as model_value,
        coalesce(sum(compared_value), 0) as compared_value
    from both_sides
    {{ dbt_expectations.group_by_positions(group_by) }}
)

select
    *,
    model_value - compared_value as difference
from matched
where abs(model_value - compared_value) > {{ tolerance }}
{%- if tolerance_percent is not none %}
    and abs(model_value - compared_value) > {{ tolerance_percent }} * abs(model_value)
{%- endif %}
{% endmacro %}
