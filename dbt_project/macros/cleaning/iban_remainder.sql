{#-
    An IBAN modulo 97 (ISO 13616): its first four characters behind the rest, letters as 10 to 35; 1
    where it is valid.
-#}
{% macro iban_remainder(account) -%}
    {%- set ns = namespace(digits='substr(' ~ account ~ ', 5) || left(' ~ account ~ ', 4)') -%}
    {%- for letter in 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
        {%- set ns.digits = "replace(%s, '%s', '%s')" % (ns.digits, letter, loop.index + 9) -%}
    {%- endfor -%}
    mod({{ cast_as(ns.digits, 'numeric') }}, 97)
{%- endmacro %}
