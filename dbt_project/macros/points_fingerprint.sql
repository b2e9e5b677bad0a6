{#- What tells one table of points from another, among rows of the seed aml_points. -#}
{% macro points_fingerprint() -%}
    {{ fingerprint_of_rows(
        "feature || ':' || coalesce(cast(lower_bound as text), '') || ':' || points",
        'feature, lower_bound'
    ) }}
{%- endmacro %}
