{#-
    The position of a company in a window of days, the last one not included. It reads the company's
    days up to the window's end, and the movements and quarantined lines of the window's own days.
    rpt_company_position asks it for the usual windows, marts.company_position() for any.
-#}
{% macro company_position_query(company, from_date, to_date) -%}
    select
        company.company_id,
        company.company_name,
        {{ from_date }} as from_date,
        {{ to_date }} as to_date,
        cast('{{ cash_mode() }}' as text) as cash_mode,
        {%- for currency in ['eur', 'usd'] %}
        cast(
            company.opening_balance_amount_{{ currency }} + moved.before_amount_{{ currency }}
            as numeric(22, 2)
        ) as opening_amount_{{ currency }},
        cast(moved.credit_amount_{{ currency }} as numeric(22, 2)) as credit_amount_{{ currency }},
        cast(moved.debit_amount_{{ currency }} as numeric(22, 2)) as debit_amount_{{ currency }},
        cast(closing.balance_amount_{{ currency }} as numeric(22, 2))
            as balance_amount_{{ currency }},
        cast(greatest(0, -closing.balance_amount_{{ currency }}) as numeric(22, 2))
            as over_committed_amount_{{ currency }},
        cast(greatest(0, closing.balance_amount_{{ currency }}) as numeric(22, 2))
            as under_committed_amount_{{ currency }},
        {%- endfor %}
        cast(moved.credit_count as bigint) as credit_count,
        cast(moved.debit_count as bigint) as debit_count,
        countries.counterparty_countries,
        excluded.excluded_lines
    from {{ ref('dim_company') }} as company
    cross join lateral (
        select
            {%- for currency in ['eur', 'usd'] %}
            coalesce(
                sum(days.credit_amount_{{ currency }} - days.debit_amount_{{ currency }})
                    filter (where days.movement_date < {{ from_date }}),
                0
            ) as before_amount_{{ currency }},
            coalesce(
                sum(days.credit_amount_{{ currency }})
                    filter (where days.movement_date >= {{ from_date }}),
                0
            ) as credit_amount_{{ currency }},
            coalesce(
                sum(days.debit_amount_{{ currency }})
                    filter (where days.movement_date >= {{ from_date }}),
                0
            ) as debit_amount_{{ currency }},
            {%- endfor %}
            coalesce(
                sum(days.credit_count) filter (where days.movement_date >= {{ from_date }}), 0
            ) as credit_count,
            coalesce(
                sum(days.debit_count) filter (where days.movement_date >= {{ from_date }}), 0
            ) as debit_count
        from {{ ref('fct_company_movements_daily') }} as days
        where
            days.company_id = company.company_id
            and days.movement_date < {{ to_date }}
    ) as moved
    cross join lateral (
        select
            {%- for currency in ['eur', 'usd'] %}
            company.opening_balance_amount_{{ currency }}
            + moved.before_amount_{{ currency }}
            + moved.credit_amount_{{ currency }}
            - moved.debit_amount_{{ currency }} as balance_amount_{{ currency }}
            {{- ',' if not loop.last }}
            {%- endfor %}
    ) as closing
    cross join lateral (
        select
            {{ json_list(
                [
                    'country', 'credit_count', 'credit_amount_eur', 'credit_amount_usd',
                    'debit_count', 'debit_amount_eur', 'debit_amount_usd',
                ],
                'credit_count + debit_count desc, country'
            ) }} as counterparty_countries
        from (
            select
                movements.counterparty_country as country,
                count(*) filter (where movements.leg = 'credit') as credit_count,
                count(*) filter (where movements.leg = 'debit') as debit_count,
                {%- for currency in ['eur', 'usd'] %}
                coalesce(
                    sum(movements.movement_amount_{{ currency }})
                        filter (where movements.leg = 'credit'),
                    0
                ) as credit_amount_{{ currency }},
                coalesce(
                    -sum(movements.movement_amount_{{ currency }})
                        filter (where movements.leg = 'debit'),
                    0
                ) as debit_amount_{{ currency }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ ref('fct_cash_movements') }} as movements
            where
                movements.company_id = company.company_id
                and movements.booked_date >= {{ from_date }}
                and movements.booked_date < {{ to_date }}
            group by movements.counterparty_country
        ) as by_country
    ) as countries
    cross join lateral (
        select
            {{ json_list(
                ['rule_id', 'outcome', 'line_count', 'amount_eur', 'amount_usd'],
                'line_count desc, rule_id'
            ) }} as excluded_lines
        from (
            select
                rules.rule_id,
                quarantine.outcome,
                count(*) as line_count,
                sum(quarantine.amount_eur) as amount_eur,
                sum(quarantine.amount_usd) as amount_usd
            from {{ ref('fct_cash_quarantine') }} as quarantine
            cross join lateral {{ unnest_array('quarantine.rule_ids') }} as rules (rule_id)
            where
                (
                    quarantine.sender_company_id = company.company_id
                    or quarantine.beneficiary_company_id = company.company_id
                )
                and quarantine.booked_date >= {{ from_date }}
                and quarantine.booked_date < {{ to_date }}
            group by rules.rule_id, quarantine.outcome
        ) as by_rule
    ) as excluded
    where company.company_id = {{ company }}
{%- endmacro %}
