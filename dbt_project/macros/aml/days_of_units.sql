{#-
    The CTE `units` of a rule about an account's days, with what moved on each day in all deliveries;
    the value is of the unit's measure, in the busier direction.
-#}
{% macro days_of_units() -%}
    select
        units.*,
        movements.amount_in_sek,
        movements.amount_out_sek,
        movements.transaction_count,
        case units.measure
            when 'account_amount'
                then greatest(movements.amount_in_sek, movements.amount_out_sek)
            else greatest(movements.count_in, movements.count_out)
        end as value
    from units
    inner join lateral (
        select
            sum(of_day.incoming_amount_sek) as amount_in_sek,
            sum(of_day.outgoing_amount_sek) as amount_out_sek,
            sum(of_day.incoming_count) as count_in,
            sum(of_day.outgoing_count) as count_out,
            sum(of_day.incoming_count + of_day.outgoing_count) as transaction_count
        from {{ ref('fct_account_movements') }} as of_day
        where
            of_day.own_account = units.own_account
            and of_day.movement_date = units.movement_date
        {{ evaluate_once() }}
    ) as movements on true
{%- endmacro %}
