{#-
    YYYY-MM-DD HH:MM:SS of a day that exists and a time that does: a text that, read as a timestamp,
    is written the same. Asked first, for nearly every line is canonical: a cast costs a fifth of
    the regular expressions that name the other forms.
-#}
{% macro timestamp_is_canonical(raw) -%}
    case
        when {{ raw }} like '____-__-__ __:__:__' and {{ is_castable(raw, 'timestamp') }}
            then {{ timestamp_as_text(cast_as(raw, 'timestamp')) }} = {{ raw }}
        else false
    end
{%- endmacro %}
