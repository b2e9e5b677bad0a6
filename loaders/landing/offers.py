"""Offers files of a landing folder, or of its archive, to the loader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import psycopg2

from loaders import database, ledger
from loaders.business_date import BANK_TIME
from loaders.contract import Contract
from loaders.errors import UnusableInputError, UserError
from loaders.landing import filing
from loaders.landing.arrivals import LandedFile
from loaders.landing.files import ArchivedFile, GoneError, fetched
from loaders.landing.places import place_of
from loaders.landing.storage import Entry
from loaders.load import LoadResult, Progress, WithdrawnContentError, load_file
from loaders.reasons import failure_in_words

OnMessage = Callable[[str], None]


@dataclass(frozen=True)
class LandedResult:
    """What became of a file that was offered.

    ``loaded``: by this attempt or an earlier one. ``refused``: it cannot be loaded. ``failed``:
    something else is to be mended; the file stays and is to be offered again. ``gone``: it is not
    there any more. ``skipped``: an archived file whose load was withdrawn.

    ``load`` is the loader's result where it came to that, ``reason`` why it is not loaded.
    ``filed_as`` is where the file lies now, None: where it was. ``problem`` says what went wrong in
    filing it away; the next attempt does that.
    """

    status: Literal["loaded", "refused", "failed", "gone", "skipped"]
    load: LoadResult | None = None
    reason: str | None = None
    filed_as: str | None = None
    problem: str | None = None


def load_landed(
    file: LandedFile,
    again: bool = False,
    business_date: date | None = None,
    sha256: str | None = None,
    on_progress: Progress | None = None,
    on_message: OnMessage | None = None,
    now: datetime | None = None,
) -> LandedResult:
    """Loads a file of the landing folder, files it away, and returns what became of it.

    ``business_date`` goes before the one that the loader would choose; ``again`` loads a content
    that was withdrawn. With ``sha256``, the :func:`content_hash` that the file had, what an earlier
    attempt has loaded and filed away is found in the ledger. May be killed at any point and called
    again. Raises StorageError if the landing folder does not answer in the first place.
    """
    now = now or datetime.now(UTC)
    place = place_of(file.contract)
    with place.storage.locked(place.incoming):
        offered = place.storage.entry(file.path)
        if offered is None:
            return _gone(file, sha256)
        try:
            with fetched(file) as local:
                today = now.astimezone(BANK_TIME).date()
                result = _offer(
                    file.contract, local, business_date, again, today, on_progress, on_message
                )
                if result.status == "failed":
                    return result
                return _filed(file, local, offered, result, now)
        except GoneError:
            return _gone(file, sha256)


def load_archived(
    file: ArchivedFile,
    again: bool = False,
    on_progress: Progress | None = None,
    on_message: OnMessage | None = None,
) -> LandedResult:
    """Loads an archived file under its own business date, where the ledger does not hold it.

    Leaves the archive as it is. A content whose load was withdrawn is skipped, unless ``again``.
    """
    try:
        with fetched(file) as local:
            return _offer(
                file.contract, local, file.business_date, again, None, on_progress, on_message
            )
    except GoneError as error:
        return LandedResult("gone", reason=str(error))


def refuse(file: LandedFile, reason: str, now: datetime | None = None) -> str:
    """Moves a file that nobody offers to the loader to ``refused``; returns where it lies now.

    ``reason`` says what was found, what was expected and what to do, and names no person; it is
    written beside the file. Raises GoneError if there is no such file, ReplacedError if its sender
    replaces it meanwhile, StorageError.
    """
    place = place_of(file.contract)
    with place.storage.locked(place.incoming):
        offered = place.storage.entry(file.path)
        if offered is None:
            raise GoneError(f"{file.title} is no longer in the landing folder.")
        return filing.refuse(file, reason, None, offered, now or datetime.now(UTC))


def _offer(
    contract: Contract,
    path: Path,
    business_date: date | None,
    again: bool,
    today: date | None,
    on_progress: Progress | None,
    on_message: OnMessage | None,
) -> LandedResult:
    """Returns what the loader made of the file at ``path``; whatever stops it is a ``failed``."""
    try:
        # First: where the database is to blame, an address that makes no sense included, no file
        # may be refused for it.
        ledger.connect("sluss landing").close()
    except UserError as error:
        return LandedResult("failed", reason=str(error))
    try:
        result = load_file(
            contract,
            path,
            business_date=business_date,
            again=again,
            today=today,
            on_progress=on_progress,
            on_message=on_message,
        )
    except WithdrawnContentError as error:
        return LandedResult("skipped", reason=str(error))
    except UnusableInputError as error:
        return LandedResult("refused", reason=str(error))
    except UserError as error:
        return LandedResult("failed", reason=str(error))
    except psycopg2.Error as error:
        return LandedResult("failed", reason=failure_in_words(error))
    return LandedResult(result.status, result, result.reason)


def _filed(
    file: LandedFile, local: Path, offered: Entry, result: LandedResult, now: datetime
) -> LandedResult:
    """Files the file away by ``result``; a failure of that changes nothing in what was loaded."""
    load = result.load
    try:
        if result.status == "loaded" and load and load.sha256:
            return replace(
                result,
                filed_as=filing.archive(
                    file, local, offered, load.load_id, load.business_date, load.sha256
                ),
            )
        load_id = load.load_id if load else None
        reason = result.reason or "The loader gave no reason."
        filed_as = filing.refuse(file, reason, load_id, offered, now)
        return replace(result, status="refused", filed_as=filed_as)
    except (UserError, FileNotFoundError) as error:
        if isinstance(error, GoneError) and result.status != "loaded":
            raise
        said = (
            str(error)
            if isinstance(error, UserError)
            else f"{file.title} was taken away before it was filed away."
        )
        status = "refused" if result.status == "skipped" else result.status
        return replace(result, status=status, problem=said)


def _gone(file: LandedFile, sha256: str | None) -> LandedResult:
    """Returns the load that holds ``sha256``, if there is one; else that the file is gone."""
    reason = (
        f"{file.title} is no longer in the landing folder, and its content is not loaded: somebody "
        "took it away, or it lies in the refused folder."
    )
    if not sha256:
        return LandedResult("gone", reason=reason.replace(", and its content is not loaded", ""))
    try:
        with database.connected(ledger.connect("sluss landing")) as connection:
            known = ledger.find_content(connection, file.contract.feed, sha256)
    except UserError as error:
        return LandedResult("failed", reason=str(error))
    if not known or known.status != "loaded":
        return LandedResult("gone", reason=reason)
    same = {"load_id", "sha256", "byte_count", "line_count", "malformed_count", "blank_count"}
    load = LoadResult(
        feed=file.contract.feed,
        file_name=file.title,
        status="loaded",
        already_loaded=True,
        loaded_count=(known.line_count or 0) - (known.malformed_count or 0),
        business_date=known.business_date,
        business_date_source=f"as in load {known.load_id}",
        seconds=0,
        **known.model_dump(include=same | {"extra_columns"}),
    )
    return LandedResult("loaded", load)
