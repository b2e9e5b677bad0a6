"""What the tests of built tables ask a database, and how they load into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from loaders.database import connect
from loaders.load import LoadResult, load_file
from sluss.idle import DOMAINS, selection

# What a build of the bank's feeds alone excludes, once the tables of the others stand.
BANK_ONLY = selection(DOMAINS)

Row = dict[str, Any]
Values = Sequence[Any] | Mapping[str, Any]


def rows(
    statement: str | sql.Composable, values: Values = (), role: str | None = None
) -> list[Row]:
    """Returns the rows of a statement, run as ``role`` (default: whoever tests)."""
    with (
        closing(connect("sluss tests", role=role)) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(statement, values or None)
        return [dict(row) for row in cursor.fetchall()]


def row(statement: str | sql.Composable, values: Values = (), role: str | None = None) -> Row:
    """Returns the one row of a statement."""
    (only,) = rows(statement, values, role)
    return only


def loaded(feed: str, path: Path | None, day: date | None = None, again: bool = False) -> int:
    """Loads a file, all of it new, and returns its load id."""
    result: LoadResult = load_file(feed, path, business_date=day, again=again)
    assert result.status == "loaded", result.reason
    assert not result.already_loaded
    return result.load_id
