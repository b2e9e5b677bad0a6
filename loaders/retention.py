"""Retention periods, and the ledger's side of a purge: what is marked, removed and remembered.

Every change goes through a database function that only ``sluss_purger`` may call (migration 0005).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor
from pydantic import BaseModel

from loaders.errors import UnusableInputError

ROLE = "sluss_purger"

_PERIOD = re.compile(r"([1-9][0-9]{0,4})([dmy])")
_UNITS = {"d": "day", "m": "month", "y": "year"}


@dataclass(frozen=True)
class Period:
    """How long lines are kept: ``2y``, ``24m`` or ``90d``."""

    text: str

    def __post_init__(self) -> None:
        if not _PERIOD.fullmatch(self.text):
            raise ValueError(
                f"a period is a number and d, m or y, such as 90d, 24m or 2y; found {self.text!r}"
            )

    def through(self, today: date) -> date:
        """Returns the last business date that is older than this on ``today``."""
        found = _PERIOD.fullmatch(self.text)
        assert found
        count, unit = int(found[1]), found[2]
        if unit == "d":
            return today - timedelta(days=count + 1)
        months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        if year < 1:
            raise UnusableInputError(f"The period {self.text} reaches back before the year 1.")
        # 29 February two years ago was the 28th.
        day = min(today.day, calendar.monthrange(year, month + 1)[1])
        return date(year, month + 1, day) - timedelta(days=1)

    def __str__(self) -> str:
        return self.text


class Purge(BaseModel):
    """One row of ``ops.purges``."""

    purge_id: int
    feed: str
    through_date: date
    rule: str
    loads: list[int]
    removed: dict[str, dict[str, int]]
    status: str
    started_at: datetime
    purged_at: datetime | None
    purged_by: str


class Candidate(BaseModel):
    """A load of business dates that are over, of which something is still kept."""

    load_id: int
    feed: str
    file_name: str
    business_date: date
    status: str
    line_count: int | None


def purges(connection: Connection, condition: str = "true", *values: object) -> list[Purge]:
    """Returns the purges that meet ``condition``, in order."""
    found = _rows(connection, f"select * from ops.purges where {condition} order by 1", *values)  # noqa: S608
    return [Purge.model_validate(row) for row in found]


def candidates(connection: Connection, feed: str, through: date) -> list[Candidate]:
    """Returns the loads of ``feed`` up to ``through`` that hold lines, malformed ones included."""
    found = _rows(
        connection,
        """
        select load_id, feed, file_name, business_date, status, line_count
        from ops.loads as loads
        where
            feed = %s
            and business_date <= %s
            and (
                status in ('loaded', 'withdrawn')
                or status in ('refused', 'failed') and exists (
                    select from ops.malformed_lines as lines where lines.load_id = loads.load_id
                )
            )
        order by load_id
        """,
        feed,
        through,
    )
    return [Candidate.model_validate(row) for row in found]


def purged_through(connection: Connection, feed: str) -> date | None:
    """Returns the last business date of ``feed`` that was purged, or None."""
    with connection.cursor() as cursor:
        cursor.execute("select ops.purged_through(%s)", (feed,))
        row = cursor.fetchone()
    connection.commit()
    return row[0] if row else None


def open_purge(
    connection: Connection, feed: str, through: date, rule: str, loads: list[int], who: str | None
) -> int:
    """Marks the loads as ``purging``, enters the purge, commits, and returns its number.

    The session must hold the lock of the feed.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select ops.open_purge(%s, %s, %s, %s, %s)", (feed, through, rule, loads, who)
            )
            row = cursor.fetchone()
        connection.commit()
    except (errors.InvalidParameterValue, errors.ObjectNotInPrerequisiteState) as error:
        raise UnusableInputError(f"Nothing was purged: {error.diag.message_primary}.") from error
    assert row is not None
    return int(row[0])


def purge_load(connection: Connection, purge_id: int, load_id: int) -> None:
    """Removes a load's raw and malformed lines and what was said of them in review.

    Raises LockNotAvailable if somebody reads the raw table for longer than a moment.
    """
    with connection, connection.cursor() as cursor:
        # Whoever comes after the drop waits behind it.
        cursor.execute("select set_config('lock_timeout', '3s', true)")
        cursor.execute("select ops.purge_load(%s, %s)", (purge_id, load_id))


def close_purge(connection: Connection, purge_id: int) -> None:
    """Marks the loads as ``purged`` and the purge as done; commits."""
    with connection.cursor() as cursor:
        cursor.execute("select ops.close_purge(%s)", (purge_id,))
    connection.commit()


def _rows(connection: Connection, query: str, *values: object) -> list[dict[str, Any]]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query, values)
        found = [dict(row) for row in cursor.fetchall()]
    connection.commit()
    return found
