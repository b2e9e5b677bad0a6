{#- A rule that rejects a line, null where two persons accepted the line all the same. -#}
{% macro unless_waived(rule) -%}
    case when {{ has_word('waived_rule_ids', rule) }} then null else {{ rule }} end
{%- endmacro %}
