{#-
    The rule by which a field was corrected: `correction`, unless two persons set the field, or
    accepted the line although the field breaks `rule`.
-#}
{% macro unless_reviewed(column, correction, rule='null') -%}
    case
        when {{ has_word('set_columns', "'" ~ column ~ "'") }} then 'review.set'
        {%- if rule != 'null' %}
        when {{ has_word('waived_rule_ids', rule) }} then 'review.accepted'
        {%- endif %}
        else {{ correction }}
    end
{%- endmacro %}
