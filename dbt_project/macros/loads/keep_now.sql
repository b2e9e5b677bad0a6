{#- keep_what_outlives_purges() outside a build: dbt run-operation keep_now. -#}
{% macro keep_now() %}
    {%- do run_query("begin;" ~ create_kept_tables() ~ "; commit") -%}
    {%- do run_query("begin;" ~ keep_what_outlives_purges() ~ "; commit") -%}
{% endmacro %}
