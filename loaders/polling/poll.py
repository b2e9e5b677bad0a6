"""Polls a service: every endpoint to its end, or as far as the limits allow.

Each answer is kept and committed before it is parsed, then goes through the same COPY, ledger and
quarantine as a file. A poll that was killed goes on where it was: what is kept and not settled is
taken first, and where to ask next follows from what is settled. One poll a service at a time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date

from pydantic import BaseModel

from loaders import database, ledger
from loaders.contract import load_contract
from loaders.errors import UnusableInputError
from loaders.polling import answers
from loaders.polling.api import Api, Endpoint, PollLimits
from loaders.polling.asking import Asker, GaveUpError
from loaders.polling.cdm import cdm_api
from loaders.polling.taking import FeedPoll, Taker
from loaders.sources.http import Address, NoAnswerError, parse_address

APIS = {"cashflow": cdm_api}


class PollResult(BaseModel):
    """What a poll brought, feed by feed."""

    service: str
    address: str
    requests: int
    seconds: float
    feeds: list[FeedPoll]

    @property
    def is_whole(self) -> bool:
        """True if every feed was read to its end, and nothing is known to be lost or refused."""
        return all(
            feed.is_at_end and not (feed.gaps or feed.refused or feed.problem)
            for feed in self.feeds
        )


def service_address(api: Api) -> Address:
    """Returns where the service is, from the environment; raises UnusableInputError."""
    setting = f"{api.environment}_URL"
    url = os.environ.get(setting)
    if not url:
        raise UnusableInputError(
            f"{setting} is not set: it is the address of the service, such as "
            "http://localhost:8080. See .env.example."
        )
    return parse_address(url, os.environ.get(f"{api.environment}_TOKEN") or None, setting)


def generation_in_use(environment: str = "SLUSS_CDM") -> int:
    """Returns the generation that the environment names; 1 if it names none."""
    text = os.environ.get(f"{environment}_GENERATION") or "1"
    if not text.isdigit():
        raise UnusableInputError(f"{environment}_GENERATION is {text!r}; expected is 1 or 2.")
    return int(text)


def poll(
    name: str,
    generation: int | None = None,
    business_date: date | None = None,
    limits: PollLimits | None = None,
    on_message: Callable[[str], None] | None = None,
    page_rows: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> PollResult:
    """Asks the service of ``name`` for everything that is new, and loads it.

    ``business_date`` is the day of what bears no date of its own: companies and rates; default is
    today in Stockholm. Raises UnusableInputError if there is no such service or its address is not
    set, ServiceIsPolledError if another session polls it. What goes wrong with a feed is in the
    result; the others are polled all the same.
    """
    if name not in APIS:
        raise UnusableInputError(f"There is no service for {name!r}; known: {', '.join(APIS)}.")
    api = APIS[name](generation or generation_in_use())
    address = service_address(api)
    say = on_message or (lambda _: None)
    started = time.monotonic()
    feeds = [FeedPoll(feed=endpoint.feed) for endpoint in api.endpoints]
    with database.connected(ledger.connect(f"sluss poll {api.service}")) as connection:
        answers.lock(connection, api.service)
        asker = Asker(connection, api, address, limits or PollLimits(), say, sleep)
        for endpoint, result in zip(api.endpoints, feeds, strict=True):
            taker = Taker(
                connection, api, endpoint, load_contract(endpoint.feed), business_date, say, result
            )
            try:
                taker.take_what_waits()
                _POLLERS[endpoint.paging](asker, taker, page_rows or api.page_rows)
            except (GaveUpError, UnusableInputError) as error:
                result.problem = str(error)
            except NoAnswerError as error:
                result.problem = f"{error}. Poll again once the service is well."
        return PollResult(
            service=api.service,
            address=str(address),
            requests=asker.requests,
            seconds=time.monotonic() - started,
            feeds=feeds,
        )


def _poll_once(asker: Asker, taker: Taker, page_rows: int) -> None:
    """Asks for a list that comes whole."""
    attempt = 0
    while taker.take(_answered(asker, taker.endpoint, {}, attempt)) == "error":
        attempt = _next(asker, taker.endpoint, attempt)
    taker.result.is_at_end = True


def _poll_server_cursor(asker: Asker, taker: Taker, page_rows: int) -> None:
    """Takes what comes next until the server falls silent."""
    silent = vain = empty = 0
    last = ""
    while silent < asker.limits.end_after and empty < asker.limits.most_empty:
        try:
            kept = asker.ask(taker.endpoint, {}, vain)
        except NoAnswerError:
            # A hang, or the end: nobody can tell but by asking again.
            silent += 1
            continue
        outcome = taker.take(kept)
        silent = 0
        empty = empty + 1 if outcome == "empty" else 0
        # A server that was started anew begins with what is loaded already: that is no fault, as
        # long as it moves on.
        is_stuck = outcome == "repeated" and kept.sha256 == last
        is_vain = is_stuck or outcome in ("cut", "error")
        vain = _next(asker, taker.endpoint, vain) if is_vain else 0
        last = kept.sha256
    taker.give_up_what_is_cut()
    taker.result.is_at_end = True


def _poll_after_id(asker: Asker, taker: Taker, page_rows: int) -> None:
    """Asks for page after page until one is empty."""
    attempt = 0
    while True:
        known = answers.progress(taker.connection, taker.api.service, taker.endpoint.feed)
        query = {"limit": page_rows}
        if known.cursor is not None:
            query["after-id"] = known.cursor
        outcome = taker.take(_answered(asker, taker.endpoint, query, attempt))
        if outcome == "refused":
            raise GaveUpError(
                f"{taker.result.warnings[-1]} The lines after it are not asked for: they would "
                "leave a hole."
            )
        if outcome == "empty":
            taker.result.is_at_end = True
            return
        is_vain = outcome in ("repeated", "error")
        attempt = _next(asker, taker.endpoint, attempt) if is_vain else 0


def _answered(
    asker: Asker, endpoint: Endpoint, query: dict[str, int], attempt: int
) -> answers.Kept:
    """Asks where a call that is not answered is as good as any other failure."""
    while True:
        try:
            return asker.ask(endpoint, query, attempt)
        except NoAnswerError as error:
            asker.say(f"{error}. Asking again.")
            attempt = _next(asker, endpoint, attempt)


def _next(asker: Asker, endpoint: Endpoint, attempt: int) -> int:
    if attempt >= asker.limits.retries:
        raise GaveUpError(
            f"/{endpoint.name} gave {attempt + 1} answers in a row that were cut, repeated or no "
            "JSON, or none. They are in ops.http_answers; poll again once the service is well."
        )
    return attempt + 1


_POLLERS = {
    "once": _poll_once,
    "server_cursor": _poll_server_cursor,
    "after_id": _poll_after_id,
}
