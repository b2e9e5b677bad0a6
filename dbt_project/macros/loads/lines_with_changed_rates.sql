{#-
    Transactions in a currency and of a day for which int_fx_rates__quoted gives another rate since
    fct_transactions was built. A day's own lines are found through int_load_currency_days__counted,
    which says in which loads they are; late lines one by one.
-#}
{% macro lines_with_changed_rates() -%}
    {%- set quoted = ref('int_fx_rates__quoted') -%}
    select
        lines._load_id,
        lines._line_no
    from (
        select distinct days._load_id
        from ({{ changed_rate_days_sql(quoted) }}) as changed
        inner join {{ ref('int_load_currency_days__counted') }} as days
            on
                changed.currency = days.currency
                and changed.first_day <= days.booked_date
                and changed.until_day > days.booked_date
    ) as loads
    cross join lateral (
        select
            _load_id,
            _line_no,
            currency,
            booked_date
        from {{ this }} as standing
        where standing._load_id = loads._load_id
        {{ evaluate_once() }}
    ) as lines
    where exists (
        select 1
        from ({{ changed_rate_days_sql(quoted) }}) as changed
        where
            changed.currency = lines.currency
            and changed.first_day <= lines.booked_date
            and changed.until_day > lines.booked_date
    )
    union all
    select
        late._load_id,
        late._line_no
    from ({{ changed_rate_days_sql(quoted) }}) as changed
    inner join {{ ref('int_transactions__late') }} as late
        on
            changed.currency = late.currency
            and changed.first_day <= late.booked_date
            and changed.until_day > late.booked_date
    where late.booked_date <= (
        select max(released_through) from {{ ref('int_transaction_loads__registered') }}
    )
{%- endmacro %}

{% macro changed_rate_days_sql(quoted) -%}
    select distinct
        currency,
        rate_date as first_day,
        coalesce(used_until, 'infinity') as until_day
    from {{ changes_of(quoted) }}
    where _change_id > {{ by_load__through_sql(quoted.identifier) }}
{%- endmacro %}
