{#-
    The newest value of a date or timestamp column, dates in the future left aside, is at most so many
    dateparts old. A table without any such value fails.
-#}
{% test expect_row_values_to_have_recent_data(model, column_name, datepart, interval, row_condition=none) %}
with
looked_at as (
    select {{ dbt_expectations.instant(column_name) }} as happened_at
    {{ dbt_expectations.rows_where(model, row_condition) }}
),

newest as (
    select max(happened_at) as newest_at
    from looked_at
    where happened_at <= now()
)

select
    newest_at,
    {{ dbt_expectations.instant_ago(datepart, interval) }} as expected_after
from newest
where newest_at is null
    or newest_at < {{ dbt_expectations.instant_ago(datepart, interval) }}
{% endtest %}
