"""The ledger ``ops.loads``: what was offered to the loader, and what became of it.

Every change goes through a database function that runs as the ledger's owner (migration 0001); the
loader's own role could not write a row here.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from datetime import date, datetime

from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor
from pydantic import BaseModel

from loaders import database
from loaders.copier import Fingerprint, Outcome
from loaders.errors import UnusableInputError, UserError

ROLE = "sluss_loader"

DEAD_REASON = (
    "The loader ended before it was done (killed, or its machine or the server stopped). Nothing "
    "of the file is visible; load it again."
)

_WAIT_SECONDS = 0.2


class LedgerRow(BaseModel):
    """One row of ``ops.loads``."""

    load_id: int
    feed: str
    file_name: str
    sha256: str | None
    byte_count: int | None
    line_count: int | None
    malformed_count: int | None
    blank_count: int | None
    extra_columns: list[str]
    business_date: date
    status: str
    reason: str | None
    started_at: datetime
    finished_at: datetime | None
    loaded_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None


def connect(application_name: str, statement_timeout_ms: int | None = None) -> Connection:
    """Returns a connection that can do what a loader may do, and no more."""
    timeout = statement_timeout_ms or database.DEFAULT_STATEMENT_TIMEOUT_MS
    connection = database.connect(application_name, role=ROLE, statement_timeout_ms=timeout)
    with connection.cursor() as cursor:
        cursor.execute("select to_regprocedure('ops.try_lock_feed(text)') is not null")
        row = cursor.fetchone()
    connection.commit()
    if not (row and row[0]):
        connection.close()
        raise UserError("There is no ledger in the database yet: run `sluss up`, which creates it.")
    return connection


def lock_feed(
    connection: Connection, feed: str, on_wait: Callable[[str], None] | None = None
) -> None:
    """Waits until this session alone loads ``feed``; ``on_wait`` is told once, in words.

    Then marks loads of the feed that are still ``running`` as failed: holding the lock proves that
    nobody runs them.
    """
    told = False
    with connection.cursor() as cursor:
        while True:
            cursor.execute("select ops.try_lock_feed(%s)", (feed,))
            row = cursor.fetchone()
            connection.commit()
            if row and row[0]:
                break
            if on_wait and not told:
                on_wait(f"Another load of {feed} is under way; waiting for it to end.")
                told = True
            time.sleep(_WAIT_SECONDS)
        cursor.execute("select ops.fail_dead_loads(%s, %s)", (feed, DEAD_REASON))
    connection.commit()


def find_content(connection: Connection, feed: str, sha256: str) -> LedgerRow | None:
    """Returns the load that holds this content, or else the latest one that did."""
    found = _rows(
        connection,
        "feed = %s and sha256 = %s "
        " and status in ('loaded', 'withdrawn', 'purging', 'purged')"
        " order by status = 'loaded' desc, status in ('purging', 'purged') desc, load_id desc"
        " limit 1",
        (feed, sha256),
    )
    connection.commit()
    return found[0] if found else None


def open_load(
    connection: Connection,
    feed: str,
    file_name: str,
    found: Fingerprint | None,
    business_date: date,
) -> int:
    """Writes a ``running`` row, commits, and returns its load id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select ops.open_load(%s, %s, %s, %s, %s, %s)",
            (
                feed,
                # A name that is no UTF-8 must not keep a file from being entered.
                file_name.encode("utf-8", "replace").decode("utf-8"),
                found.sha256 if found else None,
                found.byte_count if found else None,
                business_date,
                operating_system_user(),
            ),
        )
        row = cursor.fetchone()
    connection.commit()
    assert row is not None
    return int(row[0])


def begin_load(connection: Connection, load_id: int) -> str:
    """Creates the load's partition, not yet attached; returns its name in schema staging."""
    with connection.cursor() as cursor:
        cursor.execute("select ops.begin_load(%s)", (load_id,))
        row = cursor.fetchone()
    assert row is not None
    return str(row[0])


def finish_load(connection: Connection, load_id: int, outcome: Outcome) -> None:
    """Attaches the load's partition and enters its counts; the caller commits."""
    counts = outcome.counts
    with connection.cursor() as cursor:
        cursor.execute(
            "select ops.finish_load(%s, %s, %s, %s, %s)",
            (load_id, counts.records, counts.malformed, counts.blank, outcome.extra_columns),
        )


def end_load(
    connection: Connection, load_id: int, status: str, reason: str, outcome: Outcome | None
) -> None:
    """Ends a load as ``refused`` or ``failed``; the caller commits. Unknown counts stay null."""
    counts = outcome.counts if outcome else None
    with connection.cursor() as cursor:
        cursor.execute(
            "select ops.end_load(%s, %s, %s, %s, %s, %s, %s)",
            (
                load_id,
                status,
                reason,
                counts.records if counts else None,
                counts.malformed if counts else None,
                counts.blank if counts else None,
                outcome.extra_columns if outcome else None,
            ),
        )


def loads(
    feed: str | None = None, status: str | None = None, limit: int | None = None
) -> list[LedgerRow]:
    """Returns the ledger's rows, newest first."""
    with database.connected(connect("sluss loads")) as connection:
        return _rows(
            connection,
            "(%s::text is null or feed = %s) and (%s::text is null or status = %s)"
            " order by load_id desc limit %s",
            (feed, feed, status, status, limit),
        )


def withdraw(load_id: int, why: str) -> LedgerRow:
    """Takes a load out of what is published; its raw lines and its row stay. Returns the row.

    Raises UnusableInputError if there is no such load, it is not loaded, or there is no reason.
    """
    with database.connected(connect("sluss withdraw")) as connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "select ops.withdraw_load(%s, %s, %s)", (load_id, why, operating_system_user())
                )
            connection.commit()
        except (
            errors.NoDataFound,
            errors.ObjectNotInPrerequisiteState,
            errors.InvalidParameterValue,
        ) as error:
            raise UnusableInputError(
                f"Nothing was withdrawn: {error.diag.message_primary}. `sluss loads` lists them."
            ) from error
        return _rows(connection, "load_id = %s", (load_id,))[0]


def operating_system_user() -> str | None:
    """Returns the login of who runs this, or None where the system has none (some containers)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def _rows(connection: Connection, condition: str, values: tuple[object, ...]) -> list[LedgerRow]:
    columns = sql.SQL(", ").join(map(sql.Identifier, LedgerRow.model_fields))
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(
            sql.SQL("select {} from ops.loads where ").format(columns) + sql.SQL(condition), values
        )
        return [LedgerRow.model_validate(dict(row)) for row in cursor.fetchall()]
