{#-
    An aggregate: chi-square, with 8 degrees of freedom, of the first digits of the amounts that meet
    a condition against Benford's law; null where none does. Unlike a distance of shares it knows how
    far chance alone leads so many amounts. Amounts must be 1 or more.
-#}
{% macro benford_chi_square(amount, condition) -%}
    {%- set count = 'count(*) filter (where ' ~ condition ~ ')' -%}
    {%- set terms = [] -%}
    {%- for digit in range(1, 10) -%}
        {%- set usual = count ~ ' * log(1 + 1.0 / ' ~ digit ~ ')' -%}
        {%- set found = 'count(*) filter (where ' ~ condition ~ ' and left('
            ~ cast_as(amount, 'text') ~ ", 1) = '" ~ digit ~ "')" -%}
        {%- do terms.append('power(' ~ found ~ ' - ' ~ usual ~ ', 2) / (' ~ usual ~ ')') -%}
    {%- endfor -%}
    case when {{ count }} > 0 then {{ terms | join(' + ') }} end
{%- endmacro %}
