"""A service as data: its endpoints, whose lines they are, and how one gets to the next page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from loaders.sources.http_json import Wire

# once: everything in one answer. server_cursor: each call gives what comes next, and the end is a
# call that is not answered. after_id: the client says the last id it has.
Paging = Literal["once", "server_cursor", "after_id"]


@dataclass(frozen=True)
class Endpoint:
    """One path of a service and the feed whose lines it answers.

    ``paths`` are tried in turn until one is known to the service.
    """

    feed: str
    paths: tuple[str, ...]
    paging: Paging
    wire: Wire

    @property
    def name(self) -> str:
        """The endpoint's name: its first path."""
        return self.paths[0].strip("/")


@dataclass(frozen=True)
class Api:
    """A service. Its address is in ``<environment>_URL``, its token in ``<environment>_TOKEN``.

    ``window`` is what one answer of a server's cursor covers: as much without a line means that an
    answer was lost.
    """

    service: str
    environment: str
    endpoints: tuple[Endpoint, ...]
    window: timedelta
    page_rows: int


@dataclass(frozen=True)
class PollLimits:
    """How long and how often is asked.

    ``budget_seconds`` is for the whole poll, ``timeout_seconds`` for one answer. ``retries`` is how
    often the same question is asked again, with pauses that double from ``backoff_seconds`` to
    ``longest_backoff_seconds``. After ``end_after`` calls in a row without an answer, a server that
    keeps the cursor has come to its end; so it has after ``most_empty`` empty answers in a row.
    """

    budget_seconds: float = 3_600
    timeout_seconds: float = 30
    retries: int = 6
    backoff_seconds: float = 0.5
    longest_backoff_seconds: float = 60
    end_after: int = 3
    most_empty: int = 12
    max_body_bytes: int = 512 * 1024 * 1024


def id_of(item: Any) -> int | None:
    """Returns a record's id, or None if it has none that is a whole number."""
    value = item.get("id") if isinstance(item, dict) else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return None


def time_of(item: Any) -> datetime | None:
    """Returns a record's time, in UTC if it names no zone; None if it has none that can be read."""
    value = item.get("time") if isinstance(item, dict) else None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
