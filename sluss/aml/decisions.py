"""What investigators decide: dispositions of alerts, and rules kept silent for an account.

Both are kept in append-only tables of schema ``ops`` (migration 0008); a newer decision replaces an
older one and removes nothing. The next ``sluss build`` is not needed for them to show: the marts of
alerts are views.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from loaders.database import Connection, connect, connected
from loaders.errors import UnusableInputError
from sluss.review.decisions import operating_system_person

OUTCOMES = ("confirmed", "valuable", "false_positive")
# Why an alert was a false positive; the migration's check holds the same list.
REASONS = (
    "known_business",
    "salary_or_rent",
    "own_accounts",
    "family_or_friends",
    "one_off_purchase",
    "wrong_data",
    "rule_too_wide",
)
_SHORTEST_PREFIX = 6

_ALERTS = """
select * from (
    select 'live' as standing, alerts.* from marts.fct_alerts as alerts
    union all
    select 'shadow' as standing, alerts.* from marts.fct_shadow_alerts as alerts
) as alerts
"""


@dataclass(frozen=True)
class Decision:
    """A row that was added: its number, and what it is about."""

    number: int
    about: str


def alerts(
    day: date | None = None, rule_id: str | None = None, shadow: bool = False, limit: int = 40
) -> list[dict[str, Any]]:
    """Returns alerts as ``marts.fct_alerts`` has them, the weightiest first.

    ``day`` is the bank day on which they could be known; ``shadow`` asks for those of rules in
    shadow instead. Suppressed ones come last.
    """
    return _rows(
        _ALERTS
        + """
        where
            standing = %(standing)s
            and (%(day)s::date is null or known_date = %(day)s)
            and (%(rule_id)s::text is null or rule_id = %(rule_id)s)
        order by is_suppressed, known_date desc, points desc, alert_id
        limit %(limit)s
        """,
        {
            "standing": "shadow" if shadow else "live",
            "day": day,
            "rule_id": rule_id,
            "limit": limit,
        },
    )


def alert(alert_id: str) -> dict[str, Any]:
    """Returns the alert whose id begins with ``alert_id``, with its ``transactions``.

    Raises UnusableInputError if none or several do.
    """
    wanted = alert_id.strip().lower()
    if len(wanted) < _SHORTEST_PREFIX or not set(wanted) <= set("0123456789abcdef"):
        raise UnusableInputError(
            f"{alert_id!r} is no alert's id: give at least its first {_SHORTEST_PREFIX} digits, as "
            "`sluss aml alerts` shows them"
        )
    found = _rows(_ALERTS + " where starts_with(alert_id, %(wanted)s) limit 2", {"wanted": wanted})
    if len(found) != 1:
        how = "No alert has" if not found else "Several alerts have"
        raise UnusableInputError(f"{how} an id that begins with {wanted}: see `sluss aml alerts`")
    (only,) = found
    only["transactions"] = _rows(
        """
        select
            role,
            hop,
            booked_at,
            amount,
            currency,
            amount_sek,
            sender_account,
            receiver_account,
            points,
            modifier_points,
            modifiers,
            earlier_count,
            median_amount_sek,
            transaction_id
        from marts.rpt_alert_transactions
        where alert_id = %(alert_id)s
        order by booked_at, transaction_id
        """,
        {"alert_id": only["alert_id"]},
    )
    return only


def decide(alert_id: str, outcome: str, reason: str | None = None) -> Decision:
    """Adds a disposition of an alert.

    Raises UnusableInputError for an outcome or a reason that is not on the list: a false positive
    needs a reason, the others have none.
    """
    if outcome not in OUTCOMES:
        raise UnusableInputError(f"There is no outcome {outcome!r}: use {', '.join(OUTCOMES)}")
    if outcome == "false_positive" and reason not in REASONS:
        raise UnusableInputError(
            f"A false positive needs one of these reasons: {', '.join(REASONS)}; found {reason!r}"
        )
    if outcome != "false_positive" and reason is not None:
        raise UnusableInputError(f"Only a false positive has a reason, an alert {outcome} has none")
    about = alert(alert_id)
    number = _add(
        "select ops.dispose_alert(%s, %s, %s, %s, %s, %s)",
        (about["alert_id"], about["rule_id"], about["version"], outcome, reason),
    )
    return Decision(number, about["alert_id"])


def suppress(rule_id: str, account: str, until: date, why: str, since: date) -> Decision:
    """Keeps a rule silent for an account for the bank days ``since`` to ``until``, both included.

    Alerts of these days are logged with ``is_suppressed``. The newest suppression of a rule and
    account holds, so one that ends in the past lifts it. Raises UnusableInputError for an unknown
    rule or account, or without a reason.
    """
    if not why.strip():
        raise UnusableInputError("A suppression needs a reason: give --why")
    if not _rows("select 1 from reference.aml_rules where rule_id = %(id)s", {"id": rule_id}):
        raise UnusableInputError(f"There is no rule {rule_id!r}: see `sluss aml rules`")
    subject = "".join(account.split()).upper()
    if not _rows("select 1 from marts.dim_account where account_id = %(id)s", {"id": subject}):
        raise UnusableInputError(
            "The account is in no register that was published; nothing is done"
        )
    number = _add(
        "select ops.suppress_rule(%s, %s, %s, %s, %s, %s)",
        (rule_id, subject, since, until, why.strip()),
    )
    return Decision(number, rule_id)


def rules() -> list[dict[str, Any]]:
    """Returns every rule and version with the precision that the decisions give it."""
    return _rows("select * from marts.rpt_aml_rule_quality order by role, rule_id, version", {})


def _connect() -> Connection:
    return connect("sluss aml", role="sluss_investigator")


def _rows(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    from psycopg2 import errors
    from psycopg2.extras import RealDictCursor

    with (
        connected(_connect()) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        try:
            cursor.execute(statement, values)
        except errors.UndefinedTable as error:
            raise UnusableInputError(
                "There are no alerts yet: `sluss build` makes their tables"
            ) from error
        return [dict(row) for row in cursor.fetchall()]


def _add(statement: str, values: tuple[Any, ...]) -> int:
    with connected(_connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, (*values, operating_system_person()))
        (number,) = cursor.fetchone() or (0,)
        return int(number)
