{#-
    True for an account that should be ours: our prefix and the length of our numbers. Whether it
    exists is for the register to say; our numbers do not satisfy the IBAN checksum.
-#}
{% macro account_is_own(account) -%}
    {%- set prefix = var('own_account_prefix') -%}
    (
        left({{ account }}, {{ prefix | length }}) = '{{ prefix }}'
        and length({{ account }}) = 24
    )
{%- endmacro %}
