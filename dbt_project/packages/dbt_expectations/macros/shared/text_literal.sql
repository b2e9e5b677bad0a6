{#-
    A SQL text literal. The hub package does not escape, so its users write a quote twice; here one is
    enough, and two still mean one: `Côte d'Ivoire` and `Côte d''Ivoire` are the same.
-#}
{% macro text_literal(value) -%}
'{{ (value | string) | replace("''", "'") | replace("'", "''") }}'
{%- endmacro %}
