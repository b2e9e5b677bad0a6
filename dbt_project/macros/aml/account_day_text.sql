{#- What an account did on a day, in words: SEK, or payments, in the busier direction. -#}
{% macro account_day_text(measure, value) -%}
case {{ measure }}
        when 'account_amount' then {{ money_text(value) }} || ' SEK'
        else {{ number_text(value) }} || ' payments'
    end
    || ' on a day'
{%- endmacro %}
