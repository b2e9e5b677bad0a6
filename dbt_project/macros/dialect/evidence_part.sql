{#- A part of a word that evidence_word() wrote: 1 the role, 2 the hop, 3 the transaction. -#}
{% macro evidence_part(word, part) %}
    {{ return(adapter.dispatch('evidence_part')(word, part)) }}
{% endmacro %}

{% macro postgres__evidence_part(word, part) %}split_part({{ word }}, ':', {{ part }}){% endmacro %}
