{#-
    True for the register in force on a day: the latest up to it, or the first of all where there is
    none.
-#}
{% macro is_in_force_on(register, day) -%}
    (
        ({{ register }}.in_force_from is null or {{ register }}.in_force_from <= {{ day }})
        and ({{ register }}.in_force_until is null or {{ register }}.in_force_until > {{ day }})
    )
{%- endmacro %}
