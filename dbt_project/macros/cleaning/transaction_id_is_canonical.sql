{#-
    A UUID in lower case with hyphens. A cast costs a quarter of the regular expression that says
    the same.
-#}
{% macro transaction_id_is_canonical(raw) -%}
    (
        {{ raw }} like '________-____-____-____-____________'
        and {{ raw }} = lower({{ raw }})
        and {{ is_castable(raw, 'uuid') }}
    )
{%- endmacro %}
