"""Asks a service, again and again within reason; every answer is kept before anything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg2.extensions import connection as Connection

from loaders.polling import answers
from loaders.polling.answers import Kept
from loaders.polling.api import Api, Endpoint, PollLimits
from loaders.sources.http import Address, NoAnswerError, get

# A second attempt may help. Everything else is as it is until somebody mends it.
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class GaveUpError(Exception):
    """A feed cannot be asked any further now: why, and what to do."""


@dataclass
class Asker:
    """Asks one service within its limits; counts what it met."""

    connection: Connection
    api: Api
    address: Address
    limits: PollLimits
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    requests: int = 0
    _paths: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._deadline = self.clock() + self.limits.budget_seconds

    def ask(self, endpoint: Endpoint, query: dict[str, Any], attempt: int) -> Kept:
        """Returns one answer with status 200, kept; asks as often as the limits allow.

        ``attempt`` counts how often the same question was answered in vain before, and is where
        the pauses go on. Raises GaveUpError, and NoAnswerError for a call that was not answered
        in time: for a server's cursor that may be the end.
        """
        while True:
            self._pause(attempt)
            kept = self._once(endpoint, query)
            if isinstance(kept, Kept):
                return kept
            attempt += 1
            if attempt > self.limits.retries:
                raise GaveUpError(
                    f"{kept} It was asked {attempt} times. What came so far is kept; poll again "
                    "once the service is well."
                )
            self.say(f"{kept} Asking again.")

    def _once(self, endpoint: Endpoint, query: dict[str, Any]) -> Kept | str:
        """Returns the answer, or why it is worth asking again."""
        path = self._paths.get(endpoint.feed, endpoint.paths[0])
        self.requests += 1
        try:
            answer = get(
                self.address,
                path,
                query,
                min(self.limits.timeout_seconds, self._remaining()),
                self.limits.max_body_bytes,
            )
        except NoAnswerError as error:
            if error.kind == "timeout":
                raise
            return f"{error}."
        kept = answers.keep(self.connection, self.api, endpoint, path, query, answer)
        if answer.status == 200:
            return kept
        said = f"{self.address}{path} answered {answer.status}."
        answers.settle(self.connection, kept, "error", said)
        if answer.status == 504 and endpoint.paging == "server_cursor":
            # A proxy lost its patience before we did.
            raise NoAnswerError("timeout", said)
        if answer.status == 404 and path != endpoint.paths[-1]:
            self._paths[endpoint.feed] = endpoint.paths[endpoint.paths.index(path) + 1]
            return said
        if answer.status in (401, 403):
            raise GaveUpError(f"{said} See {self.api.environment}_TOKEN.")
        if answer.status not in _PASSING:
            raise GaveUpError(f"{said} See {self.api.environment}_URL, and what is served there.")
        if answer.retry_after:
            self._sleep(min(answer.retry_after, self.limits.longest_backoff_seconds))
        return said

    def _pause(self, attempt: int) -> None:
        if attempt:
            pause = self.limits.backoff_seconds * 2 ** min(attempt - 1, 30)
            self._sleep(min(pause, self.limits.longest_backoff_seconds))
        self._remaining()

    def _sleep(self, seconds: float) -> None:
        self.sleep(min(seconds, self._remaining()))

    def _remaining(self) -> float:
        remaining = self._deadline - self.clock()
        if remaining <= 0:
            raise GaveUpError(
                f"The time for this poll ({self.limits.budget_seconds:g} s) is used up. What came "
                "so far is kept; the next poll goes on from there."
            )
        return remaining
