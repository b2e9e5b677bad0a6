{#-
    The accounts in the text of a list, as an array: of a Postgres array ({GB91…,DE…}), of Python or
    JSON (['GB91…', 'DE…']), or bare. Null where the text is no such list. It is taken apart, never
    evaluated.
-#}
{% macro company_ibans(raw) -%}
    case
        when {{ matches(
            without_characters(without_blanks(raw), '"\'\''),
            '^[{[(]?([A-Za-z0-9]+(,[A-Za-z0-9]+)*)?,?[])}]?$'
        ) }}
            then {{ words_as_array(
                'nullif(' ~ trimmed(
                    'upper(' ~ regex_replace(without_blanks(raw), '[^A-Za-z0-9]+', ' ') ~ ')'
                ) ~ ", '')"
            ) }}
    end
{%- endmacro %}
