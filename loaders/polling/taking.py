"""What becomes of a kept answer: loaded like a file, or repeated, empty, cut, refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, NoReturn

from psycopg2.extensions import connection as Connection
from pydantic import BaseModel

from loaders.business_date import BANK_TIME
from loaders.contract import Contract
from loaders.load import WithdrawnContentError, load_source
from loaders.polling import answers
from loaders.polling.answers import Kept
from loaders.polling.api import Api, Endpoint, id_of, time_of
from loaders.polling.asking import GaveUpError
from loaders.sources import Source
from loaders.sources.http_json import NotJsonError, Records, content_of, records_of

Outcome = Literal["loaded", "repeated", "empty", "cut", "error", "refused"]


class FeedPoll(BaseModel):
    """What a poll brought for one feed.

    ``is_at_end``: the service has nothing more. ``gaps``: lost data, in words. ``problem``: why the
    poll of the feed ended early.
    """

    feed: str
    answers: int = 0
    loaded: int = 0
    lines: int = 0
    malformed: int = 0
    repeated: int = 0
    empty: int = 0
    refused: int = 0
    spoiled: int = 0
    is_at_end: bool = False
    gaps: list[str] = []
    warnings: list[str] = []
    problem: str | None = None


@dataclass
class Taker:
    """Settles the answers of one endpoint. Killed at any point, what waits is taken again."""

    connection: Connection
    api: Api
    endpoint: Endpoint
    contract: Contract
    business_date: date | None
    say: Callable[[str], None]
    result: FeedPoll

    @property
    def is_cursor_the_servers(self) -> bool:
        """True where an answer that is lost cannot be asked for again."""
        return self.endpoint.paging == "server_cursor"

    def take(self, kept: Kept) -> Outcome:
        """Settles an answer and returns as what."""
        outcome = self._take(kept)
        self.result.answers += 1
        self.result.repeated += outcome == "repeated"
        self.result.empty += outcome == "empty"
        self.result.refused += outcome == "refused"
        self.result.spoiled += outcome in ("cut", "error")
        return outcome

    def take_what_waits(self) -> None:
        """Settles what an earlier poll received and could not settle any more."""
        for kept in answers.waiting(
            self.connection, self.api.service, self.endpoint.feed, "received"
        ):
            if kept.http_status == 200:
                self.take(kept)
            else:
                answers.settle(self.connection, kept, "error", f"status {kept.http_status}")

    def give_up_what_is_cut(self, before: Kept | None = None, first: Any = None) -> None:
        """Decides about answers that were cut: did they come again whole, or is the rest lost?

        ``before`` is the whole answer that came next, ``first`` its first record; without them, the
        service has come to its end.
        """
        for cut in answers.waiting(self.connection, self.api.service, self.endpoint.feed, "cut"):
            items = records_of(cut.body).items if cut.body else []
            came_again = before is not None and (
                items[0] == first if items else before.body.startswith(cut.body)
            )
            if came_again:
                answers.settle(self.connection, cut, "superseded", "It came again, whole.")
                continue
            known = answers.progress(self.connection, self.api.service, self.endpoint.feed)
            newest = _newest(items)
            loaded_until = newest or known.newest_at
            if items:
                self._load(cut, items, "Cut: loaded as far as it came.", newest)
            else:
                answers.settle(self.connection, cut, "error", "Cut before its first record.")
            self._report(
                cut,
                loaded_until,
                _oldest_after([first] if first else [], loaded_until),
                f"An answer was cut, and the service did not give it again: its {len(items):,} "
                "whole records are loaded, the rest is lost.",
            )

    def _take(self, kept: Kept) -> Outcome:
        try:
            records = records_of(kept.body)
        except NotJsonError as error:
            if kept.is_complete:
                return self._settled(kept, "error", str(error))
            records = Records([], is_whole=False)
        if not (kept.is_complete and records.is_whole):
            if self.is_cursor_the_servers:
                return self._settled(kept, "cut", "The answer ends early.")
            return self._settled(kept, "error", "The answer ends early; it is asked for again.")
        items = records.items
        if not items:
            return self._settled(kept, "empty")
        known = answers.progress(self.connection, self.api.service, self.endpoint.feed)
        if self.is_cursor_the_servers:
            return self._take_next(kept, items, known)
        if self.endpoint.paging == "after_id":
            return self._take_page(kept, items, known.cursor)
        return self._load(kept, items)

    def _take_next(self, kept: Kept, items: list[Any], known: answers.Progress) -> Outcome:
        """Takes an answer of a server that keeps the cursor, and looks for what is missing."""
        if kept.sha256 == known.last_sha256:
            return self._settled(kept, "repeated")
        self.give_up_what_is_cut(kept, items[0])
        known = answers.progress(self.connection, self.api.service, self.endpoint.feed)
        outcome = self._load(kept, items, newest=_newest(items))
        oldest = _oldest_after(items, known.newest_at)
        if known.newest_at and oldest:
            silence = oldest - known.newest_at
            windows = silence // self.api.window - known.empty_since
            if outcome != "repeated" and windows > 0:
                self._report(
                    kept,
                    known.newest_at,
                    oldest,
                    f"Nothing for {silence.days} days: an answer of {self.api.window.days} days "
                    "was lost and cannot be asked for again, or nothing happened.",
                )
        return outcome

    def _take_page(self, kept: Kept, items: list[Any], cursor: int | None) -> Outcome:
        """Takes a page after an id.

        The lines of its last id wait for the next page: the page may end in their midst, and after
        that id the rest would never come.
        """
        ids = [number for number in map(id_of, items) if number is not None]
        if not ids:
            return self._settled(kept, "error", "No record of the page has an id that is a number.")
        if ids != sorted(ids):
            return self._unusable(
                kept,
                f"The answers of {self.endpoint.name} are not in the order of their ids: page by "
                "page, lines would be lost. Nothing of this page is loaded.",
            )
        if cursor is not None and ids[0] <= cursor:
            return self._settled(kept, "repeated", "Not the page that was asked for.")
        last = ids[-1]
        if ids[0] == last and len(ids) >= int(kept.asked_for["limit"]):
            return self._unusable(
                kept,
                f"The id {last} of {self.endpoint.name} fills a whole page of {len(ids):,} "
                "lines: what follows it cannot be asked for. Ask for larger pages.",
            )
        until = last if ids[0] == last else max(number for number in ids if number < last)
        return self._load(
            kept,
            items,
            newest=_newest(items),
            cursor=until,
            keep=lambda item: (id_of(item) or 0) <= until,
        )

    def _unusable(self, kept: Kept, reason: str) -> NoReturn:
        """Settles an answer after which there is no way on, and ends the poll of the feed."""
        self._settled(kept, "error", reason)
        self.result.answers += 1
        raise GaveUpError(reason)

    def _load(
        self,
        kept: Kept,
        items: list[Any],
        reason: str | None = None,
        newest: datetime | None = None,
        cursor: int | None = None,
        keep: Callable[[Any], bool] | None = None,
    ) -> Outcome:
        """Loads the records of an answer as a file would be, and settles it."""
        # Of registers the day is not in the answer; of payments it is, and no clock has a say.
        newest_loaded = _newest([item for item in items if keep is None or keep(item)])
        day, day_source = self._day(newest_loaded)
        source = Source(
            f"{self.api.service}_{self.endpoint.name}_{kept.sequence:06d}.json",
            lambda: io.BytesIO(kept.body),
            lambda stream: content_of(stream, self.contract.headers, self.endpoint.wire, keep),
        )
        try:
            load = load_source(self.contract, source, (day, day_source), on_message=self.say)
        except WithdrawnContentError as error:
            return self._settled(kept, "repeated", str(error), cursor_after=cursor)
        if load.status == "failed":
            # The answer still waits: the next poll loads it.
            raise GaveUpError(
                f"{source.file_name} is not loaded (load {load.load_id}). {load.reason}"
            )
        if load.status == "refused":
            self.result.warnings.append(
                f"{source.file_name} is refused (load {load.load_id}). {load.reason}"
            )
            return self._settled(kept, "refused", load.reason, load.load_id, None, newest)
        if load.already_loaded and answers.is_other_answers_load(
            self.connection, kept, load.load_id
        ):
            return self._settled(kept, "repeated", None, load.load_id)
        self.result.loaded += 1
        self.result.lines += load.loaded_count or 0
        self.result.malformed += load.malformed_count or 0
        self.result.warnings += load.warnings
        return self._settled(kept, "loaded", reason, load.load_id, cursor, newest)

    def _day(self, newest: datetime | None) -> tuple[date, str]:
        if self.endpoint.paging != "once" and newest:
            return newest.astimezone(UTC).date(), "the newest day in the answer"
        if self.business_date:
            return self.business_date, "as given"
        return datetime.now(BANK_TIME).date(), "today in Stockholm"

    def _settled(
        self,
        kept: Kept,
        outcome: Outcome,
        reason: str | None = None,
        load_id: int | None = None,
        cursor_after: int | None = None,
        newest_at: datetime | None = None,
    ) -> Outcome:
        answers.settle(self.connection, kept, outcome, reason, load_id, cursor_after, newest_at)
        return outcome

    def _report(
        self, kept: Kept, after_at: datetime | None, before_at: datetime | None, reason: str
    ) -> None:
        if answers.report_gap(self.connection, kept, after_at, before_at, reason):
            span = f"{_said(after_at, 'the beginning')} to {_said(before_at, 'the end')}"
            self.result.gaps.append(f"{self.endpoint.feed}: {span}. {reason}")


def _newest(items: list[Any]) -> datetime | None:
    return max((found for found in map(time_of, items) if found), default=None)


def _oldest_after(items: list[Any], after: datetime | None) -> datetime | None:
    """Returns the first time after ``after``: late lines are older, and say nothing about gaps."""
    times = (found for found in map(time_of, items) if found)
    return min((found for found in times if after is None or found > after), default=None)


def _said(moment: datetime | None, otherwise: str) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else otherwise
