{#-
    A row is a row of the model in which one of the columns is null. One test for what would be a
    `not_null` a column.
-#}
{% test columns_are_filled(model, column_list) %}
    select *
    from {{ model }}
    where
        {%- for column in column_list %}
        {{ column }} is null{{ ' or' if not loop.last }}
        {%- endfor %}
{% endtest %}
