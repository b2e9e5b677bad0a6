{#- Whether a text matches a regular expression somewhere; null for a null text. Flags are the database's own. -#}
{% macro regex_matches(expression, regex, is_raw=false, flags="") %}
    {{- return(adapter.dispatch("regex_matches", "dbt_expectations")(expression, regex, is_raw, flags)) -}}
{% endmacro %}

{% macro default__regex_matches(expression, regex, is_raw, flags) %}
    {{ exceptions.raise_compiler_error("dbt_expectations: no regular expressions for " ~ target.type ~ " yet; write a macro " ~ target.type ~ "__regex_matches") }}
{% endmacro %}

{#- Backslashes are plain characters in a standard Postgres literal, so is_raw changes nothing here. -#}
{% macro postgres__regex_matches(expression, regex, is_raw, flags) -%}
    {%- for flag in flags or "" if flag not in "bceimnpqstwx" -%}
        {{ exceptions.raise_compiler_error("dbt_expectations: Postgres has no regular expression flag '" ~ flag ~ "'; it has b c e i m n p q s t w x") }}
    {%- endfor -%}
    regexp_like({{ expression }}, {{ dbt_expectations.text_literal(regex) }}, '{{ flags or "" }}')
{%- endmacro %}
