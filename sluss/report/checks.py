"""Claims about a load that its report does not take on trust: each is counted once more.

Nothing here reads a count where it can count lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from sluss.report.data import REPEATED
from sluss.report.load import Load, frame, records


@dataclass(frozen=True)
class Check:
    """A claim, what it takes to hold, and what was found. Counts are lines or currencies."""

    claim: str
    expected: int
    found: int

    @property
    def holds(self) -> bool:
        return self.expected == self.found


def checks(load: Load) -> list[Check]:
    """Returns every claim that can be checked of the load, published or held."""
    counted = records(frame(_LINES, id=load.load_id))[0]
    outcomes = (
        load.accepted_count + load.rejected_count + load.duplicate_count + load.malformed_count
    )
    found = [
        Check(
            "Lines in the raw table, and set aside as malformed, are the lines of the file",
            load.line_count,
            counted["raw_count"] + counted["malformed_count"],
        ),
        Check("Each line of the file has exactly one outcome", load.line_count, outcomes),
        Check(
            "Lines that are not accepted have a row that says why",
            load.rejected_count + load.duplicate_count,
            counted["excluded_count"],
        ),
    ]
    if not load.is_published:
        marts = counted["fact_count"] + counted["rejection_count"] + counted["correction_count"]
        return [*found, Check("No line of a held load is in a mart", 0, marts)]
    sums = records(frame(_SUMS, id=load.load_id))[0]
    return [
        *found,
        Check(
            "Accepted lines are payments in marts.fct_transactions",
            load.accepted_count,
            counted["fact_count"],
        ),
        Check(
            "Rejected and duplicate lines are in marts.fct_rejections",
            load.rejected_count + load.duplicate_count,
            counted["rejection_count"],
        ),
        Check(
            "Accepted lines with a correction are those in marts.fct_corrections",
            load.corrected_count,
            counted["correction_count"],
        ),
        Check(
            "Sums of the raw text, led through corrections, rejections and repetitions, are those "
            "of the payments to the last öre: currencies that differ",
            0,
            sums["difference_count"],
        ),
        Check(
            "Totals in marts.rpt_load_currency_totals are those of the payments: currencies that "
            "differ",
            0,
            sums["total_difference_count"],
        ),
        Check(
            "Payments without an amount in kronor carry the flag fx.no_rate",
            counted["unconverted_count"],
            counted["no_rate_count"],
        ),
    ]


def all_hold(found: list[Check]) -> bool:
    """True if every claim holds."""
    return all(check.holds for check in found)


_LINES = """
with facts as (
    select
        count(*) as fact_count,
        count(*) filter (where amount_sek is null) as unconverted_count,
        count(*) filter (where 'fx.no_rate' = any (flags)) as no_rate_count
    from marts.fct_transactions
    where _load_id = %(id)s
)

select
    (select count(*) from staging.stg_bank__transactions where _load_id = %(id)s) as raw_count,
    (select count(*) from ops.malformed_lines where load_id = %(id)s) as malformed_count,
    (
        select count(distinct _line_no)
        from intermediate.int_transactions__excluded
        where _load_id = %(id)s
    ) as excluded_count,
    (select count(*) from marts.fct_rejections where _load_id = %(id)s) as rejection_count,
    (
        select count(distinct _line_no) from marts.fct_corrections where _load_id = %(id)s
    ) as correction_count,
    facts.fact_count, facts.unconverted_count, facts.no_rate_count
from facts
"""

_SUMS = f"""
with payments as (
    select currency, sum(amount) as amount
    from marts.fct_transactions
    where _load_id = %(id)s
    group by currency
),

repeated as ({REPEATED}),

led as (
    select
        currency,
        read_amount + corrected_amount - rejected_amount
        - coalesce(repeated.repeated_amount, 0) as amount
    from intermediate.int_load_currencies__reconciled
    left join repeated using (currency)
    where _load_id = %(id)s
),

totals as (
    select currency, accepted_amount from marts.rpt_load_currency_totals where _load_id = %(id)s
)

select
    count(*) filter (
        where coalesce(payments.amount, 0) <> coalesce(led.amount, 0)
    ) as difference_count,
    count(*) filter (
        where payments.amount is distinct from totals.accepted_amount
    ) as total_difference_count
from payments
full join led using (currency)
full join totals using (currency)
"""  # noqa: S608 - put together from constants
