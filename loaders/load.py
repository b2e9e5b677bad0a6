"""Loads files: :func:`load_file` takes one file of a feed into its raw table, whole or not at all.

All on one connection: take the feed's lock, see whether the content is loaded already, enter the
file in the ledger, then, in a single transaction, make the load's partition, COPY into it, check
the accounts, attach it and mark the load as loaded. Whatever stops that leaves no trace but the
ledger's row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import psycopg2
from psycopg2.extensions import connection as Connection
from pydantic import BaseModel

from loaders import copier, database, ledger, retention
from loaders.business_date import business_date as find_business_date
from loaders.contract import Contract, checked_delimiter, checked_encoding, load_contract
from loaders.copier import Fingerprint, MalformedLines, Outcome
from loaders.errors import UnusableInputError
from loaders.header import RefusedFileError
from loaders.reasons import LOAD_TIMEOUT_MS, failure_in_words, refuse_broken
from loaders.sources import Source, UnreadableContentError, open_source

# What is going on, bytes done, bytes in all (None while that is being found out).
Progress = Callable[[str, int, int | None], None]


class WithdrawnContentError(UnusableInputError):
    """The file's content was loaded once and withdrawn; only ``again`` loads it anew."""


class PurgedContentError(WithdrawnContentError):
    """The file's content was loaded once and purged: it is not loaded ever again.

    Nobody's fault, so exit code 0, unless it was to be loaded ``again``.
    """

    def __init__(self, message: str, again: bool) -> None:
        super().__init__(message)
        self.exit_code = 2 if again else 0


class LoadResult(BaseModel):
    """What became of one file."""

    feed: str
    file_name: str
    load_id: int
    status: Literal["loaded", "refused", "failed"]
    reason: str | None = None
    already_loaded: bool = False
    sha256: str | None = None
    byte_count: int | None = None
    line_count: int | None = None
    loaded_count: int | None = None
    malformed_count: int | None = None
    blank_count: int | None = None
    extra_columns: list[str] = []
    business_date: date
    business_date_source: str
    seconds: float
    warnings: list[str] = []


def load_file(
    feed: str | Contract,
    path: str | Path | None,
    business_date: date | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    again: bool = False,
    on_progress: Progress | None = None,
    on_message: Callable[[str], None] | None = None,
    today: date | None = None,
) -> LoadResult:
    """Loads the file at ``path`` into the raw table of ``feed`` and returns what became of it.

    ``path`` may be None for a feed whose reader has a file of its own (fx_rates). ``encoding`` and
    ``delimiter`` override the contract. A file that cannot be taken returns ``refused``, one that
    the database or a change of the file stopped returns ``failed``, each with its reason; both are
    in the ledger. Raises UnusableInputError where there is nothing to enter there: no such feed or
    file, or a content that was withdrawn and is not to be loaded ``again``.
    """
    contract = feed if isinstance(feed, Contract) else load_contract(feed)
    try:
        delimiter = checked_delimiter(delimiter or contract.dialect.delimiter)
        encoding = checked_encoding(encoding or contract.encoding)
    except ValueError as error:
        raise UnusableInputError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    source = open_source(contract.reader, Path(path) if path is not None else None)
    day, day_source = find_business_date(contract, source, business_date, today)
    return load_source(
        contract,
        source,
        (day, day_source),
        (delimiter, encoding),
        again=again,
        on_progress=on_progress,
        on_message=on_message,
    )


def load_source(
    contract: Contract,
    source: Source,
    business_date: tuple[date, str],
    text_format: tuple[str, str] | None = None,
    again: bool = False,
    on_progress: Progress | None = None,
    on_message: Callable[[str], None] | None = None,
) -> LoadResult:
    """Loads ``source``, wherever it comes from, as :func:`load_file` loads a file.

    ``business_date`` is the day and, in words, where it comes from; ``text_format`` the delimiter
    and the encoding, if not the contract's.
    """
    delimiter, encoding = text_format or (contract.dialect.delimiter, contract.encoding)
    day, day_source = business_date
    progress = on_progress or (lambda *_: None)
    started = time.monotonic()

    with database.connected(
        ledger.connect(f"sluss load {contract.feed}", LOAD_TIMEOUT_MS)
    ) as connection:
        ledger.lock_feed(connection, contract.feed, on_message)
        run = _Run(connection, contract, source, day, day_source, started)
        try:
            content = copier.fingerprint(source, lambda done: progress("Reading", done, None))
        except UnreadableContentError as error:
            run.open(None)
            return run.end("refused", str(error))
        known = ledger.find_content(connection, contract.feed, content.sha256)
        if known and known.status == "loaded":
            return run.already_loaded(known)
        if known and known.status in ("purging", "purged"):
            raise PurgedContentError(
                f"The content of {source.file_name} was purged: it was load {known.load_id} of "
                f"{known.business_date} ({known.reason}). Nothing is loaded.",
                again,
            )
        if known and not again:
            raise WithdrawnContentError(
                f"The content of {source.file_name} was withdrawn as load {known.load_id} "
                f"({known.reason}). `--again` loads it as a new load."
            )
        run.open(content)
        through = retention.purged_through(connection, contract.feed)
        if through and day <= through:
            return run.end(
                "refused",
                f"The business date {day} lies in a period that was purged: of {contract.feed}, "
                f"lines of days after {through} are kept. If the date is wrong, give "
                "`--business-date`.",
            )
        return run.copy(
            content,
            delimiter,
            encoding,
            lambda done: progress("Loading", done, content.byte_count),
        )


class _Run:
    """One file on its way: guards that the ledger's row ends as what happened."""

    def __init__(
        self,
        connection: Connection,
        contract: Contract,
        source: Source,
        day: date,
        day_source: str,
        started: float,
    ) -> None:
        self._connection = connection
        self._contract = contract
        self._source = source
        self._day = day
        self._day_source = day_source
        self._started = started
        self._load_id = 0
        self._content: Fingerprint | None = None
        self._malformed: MalformedLines | None = None

    def open(self, content: Fingerprint | None) -> None:
        """Enters the file in the ledger as ``running``."""
        self._content = content
        self._load_id = ledger.open_load(
            self._connection, self._contract.feed, self._source.file_name, content, self._day
        )

    def already_loaded(self, known: ledger.LedgerRow) -> LoadResult:
        """Returns the result for a content that load ``known`` holds."""
        good = (known.line_count or 0) - (known.malformed_count or 0)
        return LoadResult(
            feed=self._contract.feed,
            file_name=self._source.file_name,
            load_id=known.load_id,
            status="loaded",
            already_loaded=True,
            loaded_count=good,
            business_date=known.business_date,
            business_date_source=f"as in load {known.load_id}",
            seconds=time.monotonic() - self._started,
            **known.model_dump(
                include={
                    "sha256",
                    "byte_count",
                    "line_count",
                    "malformed_count",
                    "blank_count",
                    "extra_columns",
                }
            ),
        )

    def copy(
        self,
        content: Fingerprint,
        delimiter: str,
        encoding: str,
        on_progress: Callable[[int], None],
    ) -> LoadResult:
        """Copies the file in one transaction and returns what became of it."""
        outcome = Outcome()
        at_most = copier.most_malformed_lines(self._contract, content.byte_count)
        self._malformed = MalformedLines(self._load_id, at_most)
        try:
            partition = ledger.begin_load(self._connection, self._load_id)
            copier.copy_source(
                self._connection,
                partition,
                self._contract,
                self._source,
                content,
                self._malformed,
                outcome,
                delimiter,
                encoding,
                on_progress,
            )
            refuse_broken(self._contract, outcome)
            with self._connection.cursor() as cursor:
                self._malformed.copy(cursor)
            ledger.finish_load(self._connection, self._load_id, outcome)
            self._connection.commit()
            return self._result("loaded", None, outcome)
        except (RefusedFileError, UnreadableContentError) as error:
            # Refused before the first record, nothing is known about the lines.
            return self.end("refused", str(error), outcome if outcome.counts.records else None)
        except copier.FileChangedError:
            return self.end(
                "failed",
                "The file changed while it was read. Wait until it is written completely, then "
                "load it again.",
            )
        except copier.AccountsDifferError as error:
            return self.end(
                "failed", f"The loader's own accounts differ, nothing is loaded: {error}"
            )
        except psycopg2.Error as error:
            return self.end("failed", failure_in_words(error))
        except BaseException as error:
            # Ctrl-C, or a fault of our own: enter it, and let it take its course.
            self.end(
                "failed", f"Interrupted ({type(error).__name__}). Nothing of the file is visible."
            )
            raise
        finally:
            self._malformed.close()

    def end(
        self, status: Literal["refused", "failed"], reason: str, outcome: Outcome | None = None
    ) -> LoadResult:
        """Rolls back, ends the ledger's row with ``reason`` and returns the result."""
        if outcome and outcome.counts.malformed > copier.MAX_KEPT_OF_REFUSED:
            reason += f" Only the first {copier.MAX_KEPT_OF_REFUSED:,} malformed lines are kept."
        try:
            self._connection.rollback()
            self._end_in(self._connection, status, reason, outcome)
        except psycopg2.Error:
            # The connection is gone, and the feed's lock with it. If the server can be reached, its
            # dead row is ended at once; if not, by the next load.
            self._end_elsewhere(reason)
        return self._result(status, reason, outcome)

    def _end_in(
        self, connection: Connection, status: str, reason: str, outcome: Outcome | None
    ) -> None:
        if self._malformed and status == "refused":
            with connection.cursor() as cursor:
                self._malformed.copy(cursor, copier.MAX_KEPT_OF_REFUSED)
        ledger.end_load(connection, self._load_id, status, reason, outcome)
        connection.commit()

    def _end_elsewhere(self, reason: str) -> None:
        try:
            with database.connected(ledger.connect("sluss load: after a failure")) as connection:
                with connection.cursor() as cursor:
                    cursor.execute("select ops.try_lock_feed(%s)", (self._contract.feed,))
                    row = cursor.fetchone()
                if row and row[0]:
                    ledger.end_load(connection, self._load_id, "failed", reason, None)
                    connection.commit()
        except (psycopg2.Error, database.DatabaseUnavailableError):
            pass

    def _result(
        self,
        status: Literal["loaded", "refused", "failed"],
        reason: str | None,
        outcome: Outcome | None,
    ) -> LoadResult:
        counts = outcome.counts if outcome else None
        extra = outcome.extra_columns if outcome else []
        warnings = []
        if extra:
            warnings.append(
                f"Columns that the contract does not name are kept in _extra: {', '.join(extra)}."
            )
        if status == "loaded" and counts and not counts.records:
            warnings.append("The file holds nothing but its header: a load of 0 lines.")
        return LoadResult(
            feed=self._contract.feed,
            file_name=self._source.file_name,
            load_id=self._load_id,
            status=status,
            reason=reason,
            sha256=self._content.sha256 if self._content else None,
            byte_count=self._content.byte_count if self._content else None,
            line_count=counts.records if counts else None,
            loaded_count=(counts.good if status == "loaded" else 0) if counts else None,
            malformed_count=counts.malformed if counts else None,
            blank_count=counts.blank if counts else None,
            extra_columns=extra,
            business_date=self._day,
            business_date_source=self._day_source,
            seconds=time.monotonic() - self._started,
            warnings=warnings,
        )
