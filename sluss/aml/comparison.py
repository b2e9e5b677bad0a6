"""Two versions of a rule against each other: which alerts one would gain or lose to the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from loaders.database import connect, connected
from loaders.errors import UnusableInputError

# Alerts of two versions are the same where they are about the same account at the same time.
_COMPARED = """
with alerts as (
    select
        rule_id, version, alert_id, subject_account, known_date, alert_date, window_start_at,
        last_hit_at, value, reason
    from marts.fct_alerts
    union all
    select
        rule_id, version, alert_id, subject_account, known_date, alert_date, window_start_at,
        last_hit_at, value, reason
    from marts.fct_shadow_alerts
),

of_days as (
    select * from alerts
    where known_date between %(first)s and %(last)s
)

select
    one.*,
    exists (
        select from of_days as other
        where
            other.rule_id = %(other_rule)s
            and other.version = %(other_version)s
            and other.subject_account = one.subject_account
            and other.window_start_at <= one.last_hit_at
            and other.last_hit_at >= one.window_start_at
    ) as is_in_both
from of_days as one
where one.rule_id = %(rule)s and one.version = %(version)s
order by one.alert_date, one.alert_id
"""


@dataclass(frozen=True)
class Comparison:
    """Alerts of the second version that the first lacks, and the other way round."""

    gained: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    kept_count: int


def read_version(text: str) -> tuple[str, int]:
    """Returns rule and version of ``rule@v2`` (or ``rule@2``).

    Raises UnusableInputError for anything else.
    """
    rule_id, separator, version = text.partition("@")
    number = version.removeprefix("v")
    if not rule_id or not separator or not (number.isascii() and number.isdigit()):
        raise UnusableInputError(f"{text!r} names no version of a rule: write it smurfing@v1")
    return rule_id, int(number)


def compare(before: str, after: str, first: date, last: date) -> Comparison:
    """Returns what version ``after`` gains and loses against ``before``, by days of knowledge.

    Raises UnusableInputError for a version that does not exist, or is a draft: a draft is not
    computed; make it shadow and build.
    """
    old, new = read_version(before), read_version(after)
    from psycopg2.extras import RealDictCursor

    with (
        connected(connect("sluss aml", role="sluss_investigator")) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        for rule_id, version in (old, new):
            cursor.execute(
                "select status from reference.aml_rules where rule_id = %s and version = %s",
                (rule_id, version),
            )
            row = cursor.fetchone()
            if row is None:
                raise UnusableInputError(f"There is no {rule_id}@v{version}: see `sluss aml rules`")
            if row["status"] == "draft":
                raise UnusableInputError(
                    f"{rule_id}@v{version} is a draft, and drafts are not computed: set its status "
                    "to shadow in seeds/aml_rules.csv and run `sluss build`"
                )

        def of(one: tuple[str, int], other: tuple[str, int]) -> list[dict[str, Any]]:
            names = ("rule", "version", "other_rule", "other_version")
            values = dict(zip(names, (*one, *other), strict=True))
            cursor.execute(_COMPARED, {**values, "first": first, "last": last})
            return [dict(row) for row in cursor.fetchall()]

        ours, theirs = of(new, old), of(old, new)
    return Comparison(
        gained=[alert for alert in ours if not alert["is_in_both"]],
        lost=[alert for alert in theirs if not alert["is_in_both"]],
        kept_count=sum(alert["is_in_both"] for alert in ours),
    )
