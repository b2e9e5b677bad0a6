{#- A numeric rounded to `digits` decimals, ties to the even neighbour, as banks' own books do. -#}
{% macro round_half_even(amount, digits=2) -%}
    {%- set unit = '1' ~ '0' * digits -%}
    case
        when
            abs(mod(({{ amount }}) * {{ unit }}, 1)) = 0.5
            and mod(trunc(({{ amount }}) * {{ unit }}), 2) = 0
            then round(trunc(({{ amount }}) * {{ unit }}) / {{ unit }}, {{ digits }})
        else round({{ amount }}, {{ digits }})
    end
{%- endmacro %}
