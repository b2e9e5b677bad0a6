"""Where Dagster's own connections come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from loaders import database

ROLE = "sluss_transformer"


@contextmanager
def connection(what: str) -> Iterator[Connection]:
    """Yields a connection that may read everything and is named after ``what`` it does."""
    with database.connected(database.connect(f"sluss dagster: {what}", role=ROLE)) as opened:
        yield opened


def rows(opened: Connection, query: str, **values: Any) -> list[dict[str, Any]]:
    """Returns the rows of ``query`` as dictionaries."""
    with opened, opened.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query, values)
        return [dict(row) for row in cursor.fetchall()]
