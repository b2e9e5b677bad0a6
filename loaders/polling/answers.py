"""The answers that services gave, in ``ops.http_answers``: kept before they are parsed.

Every change goes through a database function (migration 0007) that asks for the service's lock.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import Binary
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from loaders.errors import UserError
from loaders.polling.api import Api, Endpoint
from loaders.sources.http import HttpAnswer

# The lock of a poll that was just killed is free once the server has noticed.
_GRACE_SECONDS = 3


class ServiceIsPolledError(UserError):
    """Another session asks the service just now."""


@dataclass(frozen=True)
class Kept:
    """One kept answer."""

    answer_id: int
    sequence: int
    asked_for: dict[str, Any]
    http_status: int
    is_complete: bool
    sha256: str
    body: bytes


@dataclass(frozen=True)
class Progress:
    """How far a feed has come, apart from answers that wait to be settled.

    ``cursor`` is the last id that is loaded, ``newest_at`` the latest time in any answer,
    ``empty_since`` how many empty answers came after the last one with lines, ``last_sha256`` the
    hash of that one.
    """

    cursor: int | None
    newest_at: datetime | None
    empty_since: int
    last_sha256: str | None


def lock(connection: Connection, service: str) -> None:
    """Takes the service for this session; raises ServiceIsPolledError if another has it."""
    until = time.monotonic() + _GRACE_SECONDS
    while not _is_locked(connection, service):
        if time.monotonic() > until:
            raise ServiceIsPolledError(
                f"Another poll of {service} is under way; two at once would take answers from each "
                "other. Nothing was asked. Wait for it to end."
            )
        time.sleep(0.1)


def _is_locked(connection: Connection, service: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select ops.try_lock_service(%s)", (service,))
        row = cursor.fetchone()
    connection.commit()
    return bool(row and row[0])


def keep(
    connection: Connection,
    api: Api,
    endpoint: Endpoint,
    path: str,
    asked_for: dict[str, Any],
    answer: HttpAnswer,
) -> Kept:
    """Keeps an answer as it came, commits, and returns it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select answer_id, sequence from ops.keep_answer(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                api.service,
                endpoint.feed,
                path,
                json.dumps(asked_for),
                answer.asked_at,
                answer.answered_at,
                answer.status,
                answer.is_complete,
                Binary(answer.body),
            ),
        )
        row = cursor.fetchone()
    connection.commit()
    assert row is not None
    return Kept(
        answer_id=row[0],
        sequence=row[1],
        asked_for=asked_for,
        http_status=answer.status,
        is_complete=answer.is_complete,
        sha256=hashlib.sha256(answer.body).hexdigest(),
        body=answer.body,
    )


def waiting(connection: Connection, service: str, feed: str, outcome: str) -> list[Kept]:
    """Returns the answers of a feed that are ``received`` or ``cut``, in the order they came."""
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(
            """
            select answer_id, sequence, asked_for, http_status, is_complete, sha256, body
            from ops.http_answers
            where service = %s and feed = %s and outcome = %s
            order by sequence
            """,
            (service, feed, outcome),
        )
        found = [Kept(**{**row, "body": bytes(row["body"])}) for row in cursor.fetchall()]
    connection.commit()
    return found


def settle(
    connection: Connection,
    kept: Kept,
    outcome: str,
    reason: str | None = None,
    load_id: int | None = None,
    cursor_after: int | None = None,
    newest_at: datetime | None = None,
) -> None:
    """Enters what became of an answer, and commits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select ops.settle_answer(%s, %s, %s, %s, %s, %s)",
            (kept.answer_id, outcome, reason, load_id, cursor_after, newest_at),
        )
    connection.commit()


def report_gap(
    connection: Connection,
    kept: Kept,
    after_at: datetime | None,
    before_at: datetime | None,
    reason: str,
) -> bool:
    """Enters lost data, once, and commits; returns whether it is news."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select ops.report_gap(%s, %s, %s, %s)", (kept.answer_id, after_at, before_at, reason)
        )
        row = cursor.fetchone()
    connection.commit()
    return bool(row and row[0])


def progress(connection: Connection, service: str, feed: str) -> Progress:
    """Returns how far a feed has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with given as (
                select sequence, outcome, sha256, cursor_after, newest_at
                from ops.http_answers
                where service = %s and feed = %s
            ),
            filled as (
                select sequence, sha256 from given where outcome in ('loaded', 'refused')
                order by sequence desc limit 1
            )
            select
                (select max(cursor_after) from given),
                (select max(newest_at) from given),
                (
                    select count(*) from given
                    where outcome = 'empty'
                        and sequence > coalesce((select sequence from filled), 0)
                ),
                (select sha256 from filled)
            """,
            (service, feed),
        )
        row = cursor.fetchone()
    connection.commit()
    assert row is not None
    return Progress(*row)


def is_other_answers_load(connection: Connection, kept: Kept, load_id: int) -> bool:
    """True if another answer was loaded as ``load_id`` already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from ops.http_answers where load_id = %s and answer_id <> %s)",
            (load_id, kept.answer_id),
        )
        row = cursor.fetchone()
    connection.commit()
    return bool(row and row[0])
