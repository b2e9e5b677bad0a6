{#-
    The lines of a rail, as they came. No CTE: Postgres sees through a plain view, and works out its
    columns only for the lines that a join keeps.
-#}
{% macro payment_lines(raw_lines) -%}
    select
        _load_id,
        _line_no,
        id as payment_id_raw,
        sender as sender_raw,
        beneficiary as beneficiary_raw,
        amount as amount_raw,
        currency as currency_raw,
        "time" as time_raw,
        {{ json_object([
            'id',
            'sender',
            'beneficiary',
            'amount',
            'currency',
            'time',
            '_extra',
        ]) }} as raw
    from {{ raw_lines }}
{%- endmacro %}
