{#-
    A 64-bit number for an account number: the same in every database and after every rebuild, so
    that edges need no table of accounts to be keyed by. Two accounts may share one, which is as
    likely as 1 in 37 million among a million accounts.
-#}
{% macro account_key(account) %}{{ return(adapter.dispatch('account_key')(account)) }}{% endmacro %}

{#- What hash partitions go by: it outlives upgrades of the server. Six times as fast as md5. -#}
{% macro postgres__account_key(account) -%}
    hashtextextended({{ account }}, 0)
{%- endmacro %}
