"""Questions about one load, answered as frames: all counting is done in the database.

Money is Decimal, in the currency that its column or row names. A held load has no rows in the
marts, so what is asked of them comes back empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.report.load import Load, frame

if TYPE_CHECKING:
    import pandas as pd

# A reader looks at a few examples of a rule, and finds the rest in the marts.
EXAMPLES = 2
_MOST_EXAMPLES = 80

# Numbers of malformed lines that are listed for a reason; the count is always whole.
LISTED_LINES = 12


def setting(name: str) -> float:
    """Returns a threshold as the dbt project sets it: ``gate_max_rejected_share``, for example."""
    import yaml

    from sluss.dbt import PROJECT

    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return float(settings[name])


def gate(load: Load) -> pd.DataFrame:
    """Returns one row: what the gate of the load measured, and the register it was held against."""
    return frame(
        """
        select
            counted.unknown_own_count, registered.register_load_id,
            register.file_name as register_file_name,
            register.business_date as register_business_date
        from intermediate.int_transaction_loads__counted as counted
        inner join intermediate.int_transaction_loads__registered as registered
            on counted._load_id = registered.load_id
        left join ops.loads as register
            on registered.register_load_id = register.load_id
        where counted._load_id = %(id)s
        """,
        id=load.load_id,
    )


def currency_sums(load: Load) -> pd.DataFrame:
    """Returns the load's currencies, most kronor first, each led from read to accepted.

    ``read_amount`` adds up the lines whose amount and currency stand as the feed promises them;
    ``+ corrected_amount - rejected_amount - repeated_amount`` gives ``accepted_amount``. The rate
    is that of the bank day, or the nearest day with lines; ``rate_count`` says how many the load
    uses. Of a held load, what would be accepted.
    """
    return frame(_CURRENCIES, id=load.load_id, day=load.business_date)


def rules(load: Load) -> pd.DataFrame:
    """Returns the rules that lines met: one row a rule and what it did, most lines first."""
    return frame(
        """
        select summary.rule_id, rules.title, rules.description, summary.outcome, summary.line_count
        from marts.rpt_rule_summary as summary
        inner join reference.rules as rules
            on summary.rule_id = rules.rule_id
        where summary._load_id = %(id)s
        order by summary.line_count desc, summary.rule_id, summary.outcome
        """,
        id=load.load_id,
    )


def corrections(load: Load) -> pd.DataFrame:
    """Returns the first corrections of each rule; ``raw_value`` may hold personal data."""
    return frame(
        """
        with numbered as (
            select
                *, row_number() over (partition by rule_id order by _line_no, field) as place,
                count(*) over (partition by rule_id) as field_count
            from marts.fct_corrections
            where _load_id = %(id)s
        )

        select
            numbered.rule_id, rules.title, numbered.field_count, numbered._line_no as line_no,
            numbered.field, numbered.raw_value, numbered.clean_value
        from numbered
        inner join reference.rules as rules
            on numbered.rule_id = rules.rule_id
        where numbered.place <= %(examples)s
        order by numbered.field_count desc, numbered.rule_id, numbered._line_no, numbered.field
        limit %(most)s
        """,
        id=load.load_id,
        examples=EXAMPLES,
        most=_MOST_EXAMPLES,
    )


def rejections(load: Load) -> pd.DataFrame:
    """Returns the first rejected lines of each rule; ``raw`` is the line and holds personal data.

    Of a held load too: its lines stand before the marts.
    """
    return frame(_REJECTIONS, id=load.load_id, examples=EXAMPLES, most=_MOST_EXAMPLES)


def malformed(load: Load) -> pd.DataFrame:
    """Returns why lines are malformed, with how many and the numbers of the first of them.

    Where in the line it was seen is left out, so that like comes to like.
    """
    return frame(
        """
        with reasons as (
            select
                line_no,
                regexp_replace(
                    reason, '(: byte 0x[0-9A-F]{2})? at position [0-9]+$', ''
                ) as reason
            from ops.malformed_lines
            where load_id = %(id)s
        )

        select
            reason, count(*) as line_count,
            (array_agg(line_no order by line_no))[1:%(listed)s] as line_numbers
        from reasons
        group by reason
        order by line_count desc, reason
        """,
        id=load.load_id,
        listed=LISTED_LINES,
    )


def flag_count(load: Load) -> int:
    """Returns how many accepted payments carry at least one flag."""
    counted: Any = frame(
        """
        select count(*) as line_count from marts.fct_transactions
        where _load_id = %(id)s and flags <> '{}'
        """,
        id=load.load_id,
    )
    return int(counted["line_count"].iloc[0])


# What is repeated is worked out from the lines themselves, not as what is left over.
REPEATED = """
    select judged.currency, count(*) as repeated_count, sum(judged.amount) as repeated_amount
    from intermediate.int_transactions__deduplicated as deduplicated
    inner join intermediate.int_transactions__judged as judged
        on
            deduplicated._load_id = judged._load_id
            and deduplicated._line_no = judged._line_no
    where deduplicated._load_id = %(id)s and deduplicated.rule_id is not null
    group by judged.currency
"""

_CURRENCIES = f"""
with reconciled as (
    select * from intermediate.int_load_currencies__reconciled where _load_id = %(id)s
),

totals as (
    select * from marts.rpt_load_currency_totals where _load_id = %(id)s
),

repeated as ({REPEATED}),

rates as (
    select distinct on (days.currency)
        days.currency, rate.fx_rate, rate.fx_rate_date, rate.fx_source,
        count(rate.fx_rate_date) over (partition by days.currency) as day_count,
        min(rate.fx_rate_date) over (partition by days.currency) as first_rate_date,
        max(rate.fx_rate_date) over (partition by days.currency) as last_rate_date
    from intermediate.int_load_currency_days__counted as days
    left join lateral (
        select sek_rate as fx_rate, rate_date as fx_rate_date, source as fx_source, used_until
        from intermediate.int_fx_rates__quoted
        where currency = days.currency and rate_date <= days.booked_date
        order by rate_date desc
        limit 1
    ) as rate on rate.used_until is null or rate.used_until > days.booked_date
    where days._load_id = %(id)s and days.currency <> 'SEK'
    order by
        days.currency, rate.fx_rate is null, abs(days.booked_date - %(day)s), days.booked_date
)

select
    currency, reconciled.read_count, reconciled.read_amount, reconciled.corrected_amount,
    reconciled.rejected_amount, coalesce(repeated.repeated_amount, 0) as repeated_amount,
    reconciled.difference_amount, reconciled.valid_amount, totals.accepted_count,
    totals.accepted_amount, totals.accepted_amount_sek, rates.fx_rate, rates.fx_rate_date,
    rates.fx_source, rates.day_count as rate_count, rates.first_rate_date, rates.last_rate_date
from reconciled
full join totals using (_load_id, currency)
left join repeated using (currency)
left join rates using (currency)
order by
    coalesce(totals.accepted_amount_sek, 0) desc, reconciled.read_count desc nulls last, currency
"""  # noqa: S608 - put together from constants

_REJECTIONS = """
with excluded as (
    select * from intermediate.int_transactions__excluded where _load_id = %(id)s
),

rules_met as (
    select excluded._line_no, excluded.outcome, excluded.rule_ids, met.rule_id
    from excluded
    cross join lateral unnest(excluded.rule_ids) as met (rule_id)
    where excluded.outcome = 'rejected'
),

numbered as (
    select
        *, row_number() over (partition by rule_id order by _line_no) as place,
        count(*) over (partition by rule_id) as rule_count
    from rules_met
)

select
    numbered.rule_id, rules.title, rules.field, numbered.rule_count, numbered._line_no as line_no,
    numbered.rule_ids, lines.raw
from numbered
inner join reference.rules as rules
    on numbered.rule_id = rules.rule_id
inner join staging.stg_bank__transactions as lines
    on lines._load_id = %(id)s and numbered._line_no = lines._line_no
where numbered.place <= %(examples)s
order by numbered.rule_count desc, numbered.rule_id, numbered._line_no
limit %(most)s
"""
