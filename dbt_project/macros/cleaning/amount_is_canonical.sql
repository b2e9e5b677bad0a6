{#-
    Digits, and at most two decimals after a point. A minus is a number too: what it means is asked
    of the value. The length is asked apart: a bounded repetition makes the regular expression five
    times as dear.
-#}
{% macro amount_is_canonical(raw) -%}
    (length({{ raw }}) <= 20 and {{ matches(raw, '^-?[0-9]+([.][0-9][0-9]?)?$') }})
{%- endmacro %}
