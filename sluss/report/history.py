"""A load beside those of the thirty days before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.report.load import FEED, Load, frame, records

if TYPE_CHECKING:
    import pandas as pd

DAYS = 30

# With fewer loads to hold it against, anything would stand out.
FEWEST_LOADS = 3


def recent_loads(load: Load) -> pd.DataFrame:
    """Returns the load and those of the thirty days before its own, in the order of their days.

    ``is_this`` marks the load itself, which is always there. Sums are of published loads, in
    kronor.
    """
    return frame(
        """
        with loads as (
            select *
            from marts.rpt_load_reconciliation
            where
                feed = %(feed)s
                and business_date >= %(day)s - %(days)s
                and (
                    business_date < %(day)s
                    or (business_date = %(day)s and _load_id <= %(id)s)
                )
        ),

        sums as (
            select _load_id, sum(accepted_amount_sek) as amount_sek
            from marts.rpt_load_currency_totals
            where _load_id in (select _load_id from loads)
            group by _load_id
        )

        select
            loads._load_id as load_id, loads.business_date, loads.gate, loads.line_count,
            loads.accepted_count, sums.amount_sek, loads._load_id = %(id)s as is_this
        from loads
        left join sums
            on loads._load_id = sums._load_id
        order by loads.business_date, loads._load_id
        """,
        feed=FEED,
        id=load.load_id,
        day=load.business_date,
        days=DAYS,
    )


def outstanding_rules(load: Load, recent: pd.DataFrame) -> pd.DataFrame | None:
    """Returns the rules that this load met more or less often than any of the published before it.

    None where fewer than :data:`FEWEST_LOADS` came before. ``usual_count`` is the lines to expect:
    the median share of those loads, of this load's lines. A rule stands out when its share is
    outside all of theirs, and further from the usual than chance would have it (three times the
    root of the expected count).
    """
    earlier = [row["load_id"] for row in published_before(recent) if row["line_count"]]
    if len(earlier) < FEWEST_LOADS or not load.line_count:
        return None
    # Of a held load only the lines that are kept out are counted by rule.
    outcomes = ["rejected", "duplicate", "malformed"]
    if load.is_published:
        outcomes += ["corrected", "flagged"]
    return frame(
        _OUTSTANDING, id=load.load_id, earlier=earlier, lines=load.line_count, outcomes=outcomes
    )


def published_before(recent: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns those of ``recent`` that are published, without the load itself."""
    return [row for row in records(recent) if not row["is_this"] and row["gate"] == "published"]


def place_among(recent: pd.DataFrame, measure: str) -> tuple[int, int]:
    """Returns how many of the published loads before it had less of ``measure``, and of how many.

    Of none where the load itself has no such number.
    """
    (own,) = (row[measure] for row in records(recent) if row["is_this"])
    others = [row[measure] for row in published_before(recent) if row[measure] is not None]
    if own is None:
        return 0, 0
    return sum(other < own for other in others), len(others)


_OUTSTANDING = """
with loads as (
    select _load_id, line_count
    from marts.rpt_load_reconciliation
    where _load_id = any (%(earlier)s)
),

met as (
    select rule_id, outcome, _load_id, line_count
    from marts.rpt_rule_summary
    where
        (_load_id = any (%(earlier)s) or _load_id = %(id)s)
        and outcome = any (%(outcomes)s)
),

rules_met as (
    select distinct rule_id, outcome from met
),

shares as (
    -- A rule that a load did not meet is a share of nothing, not a gap.
    select
        rules_met.rule_id, rules_met.outcome,
        coalesce(met.line_count, 0)::float8 / loads.line_count as share
    from rules_met
    cross join loads
    left join met
        on
            met.rule_id = rules_met.rule_id
            and met.outcome = rules_met.outcome
            and met._load_id = loads._load_id
),

usual as (
    select
        rule_id, outcome, min(share) as lowest, max(share) as highest,
        percentile_cont(0.5) within group (order by share) as median
    from shares
    group by rule_id, outcome
),

compared as (
    select
        usual.rule_id, usual.outcome, usual.lowest, usual.highest,
        coalesce(own.line_count, 0) as line_count,
        usual.median * %(lines)s as usual_count
    from usual
    left join met as own
        on
            own._load_id = %(id)s
            and own.rule_id = usual.rule_id
            and own.outcome = usual.outcome
)

select
    compared.rule_id, rules.title, compared.outcome, compared.line_count,
    compared.usual_count
from compared
inner join reference.rules as rules
    on compared.rule_id = rules.rule_id
where
    compared.line_count::float8 / %(lines)s not between compared.lowest and compared.highest
    and abs(compared.line_count - compared.usual_count)
    > 3 * sqrt(greatest(compared.usual_count, 1))
order by abs(compared.line_count - compared.usual_count) desc, compared.rule_id
"""
