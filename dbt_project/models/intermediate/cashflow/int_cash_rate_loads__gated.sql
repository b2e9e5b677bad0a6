{{ config(indexes=[{'columns': ['load_id'], 'unique': true}]) }}

-- One row per list of exchange rates: published, or held with the reason in words; what became of
-- its lines; and the days on which it is in force. A list that turns euros into something else than
-- euros, or is off for most currencies, is the wrong way round: nothing is converted by it. A
-- single currency that is off is rejected by itself.

with loads as (
    select * from {{ ref('int_cash_rate_loads__known') }}
),

lines as (
    select * from {{ ref('int_cash_rates__judged') }}
),

compared as (
    select * from {{ ref('int_cash_rates__compared') }}
),

outcomes as (
    select
        lines._load_id,
        count(*) as judged_count,
        count(*) filter (where lines.failure = 'rate.redelivery') as duplicate_count,
        count(*) filter (
            where lines.failure is null and not coalesce(compared.is_off, true)
        ) as accepted_count
    from lines
    left join compared
        on
            lines._load_id = compared._load_id
            and lines._line_no = compared._line_no
    group by lines._load_id
),

measured as (
    select
        _load_id,
        count(*) as rate_count,
        count(*) filter (where is_off) as off_count,
        max(eur_rate) filter (where currency = 'EUR') as euros_for_a_euro,
        max(usd_rate) filter (where currency = 'USD') as dollars_for_a_dollar,
        {{ fingerprint_of_rows(
            "currency || ':' || eur_rate || ':' || usd_rate || ':' || is_off", 'currency'
        ) }} as rates_fingerprint
    from compared
    group by _load_id
),

-- The one that is furthest off, to be quoted in the reason.
ranked as (
    select
        *,
        row_number() over (
            partition by _load_id
            order by
                ecb_deviation is null,
                abs(coalesce(ecb_deviation, cross_deviation)) desc,
                currency
        ) as place
    from compared
    where is_off and currency not in ('EUR', 'USD')
),

judged as (
    select
        loads.load_id,
        loads.file_name,
        loads.business_date,
        loads.version,
        measured.rates_fingerprint,
        coalesce(outcomes.judged_count, 0) as judged_count,
        coalesce(outcomes.accepted_count, 0) as accepted_count,
        coalesce(outcomes.duplicate_count, 0) as duplicate_count,
        coalesce(outcomes.judged_count - outcomes.accepted_count - outcomes.duplicate_count, 0)
            as rejected_count,
        abs(loads.line_count - loads.malformed_count - coalesce(outcomes.judged_count, 0))
            as difference_count,
        case
            when measured.euros_for_a_euro is null or measured.dollars_for_a_dollar is null
                then
                    'the exchange rates have no line for EUR or none for USD:'
                    || ' ask the sender for a whole list'
            when
                abs(measured.euros_for_a_euro - 1) > 0.0001
                or abs(measured.dollars_for_a_dollar - 1) > 0.0001
                then
                    'the exchange rates are the wrong way round: one EUR comes out as '
                    || round(measured.euros_for_a_euro, 4) || ' EUR and one USD as '
                    || round(measured.dollars_for_a_dollar, 4) || ' USD, where both must be 1.'
                    || ' The settings take usd_rate for {{ var("cashflow_usd_rate_is") }} and'
                    || ' eur_rate for {{ var("cashflow_eur_rate_is") }}: set cashflow_usd_rate_is'
                    || ' and cashflow_eur_rate_is (dbt_project.yml) to what the sender means, or'
                    || ' load a corrected list, and build again'
            when measured.off_count * 2 > measured.rate_count - 2
                then
                    'the exchange rates are the wrong way round: ' || measured.off_count || ' of '
                    || measured.rate_count || ' are off by more than '
                    || {{ percent_text(var('cashflow_rate_tolerance')) }} || '. One '
                    || coalesce(ranked.currency, 'USD') || ' comes out as '
                    || coalesce(round(ranked.eur_rate, 6), 0) || ' EUR and '
                    || coalesce(round(ranked.usd_rate, 6), 0) || ' USD'
                    || case
                        when ranked.ecb_eur_rate is not null
                            then
                                ', where the European Central Bank of ' || ranked.ecb_date
                                || ' has ' || round(ranked.ecb_eur_rate, 6) || ' EUR'
                        else ', which do not fit together'
                    end
                    || '. Set cashflow_usd_rate_is and cashflow_eur_rate_is (dbt_project.yml) to'
                    || ' what the sender means, or load a corrected list, and build again'
        end as gate_reason
    from loads
    left join outcomes
        on loads.load_id = outcomes._load_id
    left join measured
        on loads.load_id = measured._load_id
    left join ranked
        on
            loads.load_id = ranked._load_id
            and ranked.place = 1
),

-- Of two lists of one day the later one replaces the earlier.
ranked_lists as (
    select
        *,
        gate_reason is null
        and row_number() over (
            partition by business_date, gate_reason is null
            order by load_id desc
        ) = 1 as is_in_force
    from judged
),

dated as (
    select
        load_id,
        case
            when lag(load_id) over (order by business_date) is not null then business_date
        end as in_force_from,
        lead(business_date) over (order by business_date) as in_force_until
    from ranked_lists
    where is_in_force
)

select
    ranked_lists.load_id,
    ranked_lists.file_name,
    ranked_lists.business_date,
    ranked_lists.version,
    ranked_lists.rates_fingerprint,
    ranked_lists.judged_count,
    ranked_lists.accepted_count,
    ranked_lists.rejected_count,
    ranked_lists.duplicate_count,
    ranked_lists.difference_count,
    ranked_lists.gate_reason,
    ranked_lists.is_in_force,
    dated.in_force_from,
    dated.in_force_until,
    case when ranked_lists.gate_reason is null then 'published' else 'held' end as gate
from ranked_lists
left join dated
    on ranked_lists.load_id = dated.load_id
