{#- Lines about which two persons decided something since int_transactions__judged read them. -#}
{% macro lines_decided_since() -%}
    select
        reviewed._load_id,
        reviewed._line_no
    from {{ ref('int_transactions__reviewed') }} as reviewed
    inner join {{ this }} as judged
        on
            reviewed._load_id = judged._load_id
            and reviewed._line_no = judged._line_no
    where reviewed.decision_id is distinct from judged.decision_id
{%- endmacro %}
