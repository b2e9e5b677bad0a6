"""Files away what was offered to the loader: loaded files to the archive, others to ``refused``.

The ledger has committed by then, and the caller has the landing folder locked. A copy is complete,
read back and on disk before the original is removed: whatever stops this, the next attempt finds
the file, learns that its content is loaded, finds the copy or makes it, and ends the same.
"""

from __future__ import annotations

import gzip
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from loaders.business_date import BANK_TIME
from loaders.contract import Contract
from loaders.errors import UserError
from loaders.landing.arrivals import MARKER, REASON, LandedFile
from loaders.landing.files import GoneError, content_hash, fetched, fitting, hash_of
from loaders.landing.places import Place, place_of
from loaders.landing.storage import Entry
from loaders.sources.files import GZIP_MAGIC, first_bytes

# Longer names are shortened: before and after it stand a load's number, .gz and .reason.txt.
_ROOM_FOR_NAME = 200

# A day of a million lines takes 3 s and shrinks to 43 %; with 6, 5 s and 40 %.
_LEVEL = 3


class ReplacedError(UserError):
    """The file is another one than the loader was offered; it stays where it is."""


def archive(
    file: LandedFile, local: Path, offered: Entry, load_id: int, business_date: date, sha256: str
) -> str:
    """Archives the file that was ``offered``, fetched to ``local``, and removes it where it landed.

    Returns where it lies now, for people. A copy that is there already with this content
    (``sha256``) is kept, and no other file's copy is ever written over. Raises ReplacedError if a
    sender has put another content in its place, StorageError if a folder fails.
    """
    place = place_of(file.contract)
    packed = first_bytes(local).startswith(GZIP_MAGIC)
    pack = not packed and file.contract.landing.archive_compression == "gzip"

    def write(target: Path) -> None:
        if pack:
            _pack(local, target)
        else:
            shutil.copyfile(local, target)
        _keep_attributes(local, target)
        if hash_of(file.contract, target) != sha256:
            raise _replaced(file)

    name = fitting(file.name, _ROOM_FOR_NAME)
    if (pack or packed) and not name.endswith(".gz"):
        name += ".gz"
    folder = f"{place.archive}/{business_date.isoformat()}"
    for prefix in _prefixes(load_id, sha256):
        path = f"{folder}/{prefix}_{name}"
        if place.storage.entry(path) is None:
            with suppress(FileExistsError):
                place.storage.put(path, write)
                break
        if _content_at(place, file.contract, path) == sha256:
            break
    _remove(file, place, offered, lambda: content_hash(file) == sha256)
    return place.storage.shown(path)


def refuse(
    file: LandedFile, reason: str, load_id: int | None, offered: Entry, now: datetime
) -> str:
    """Moves a file to ``refused``, with ``reason`` and what is known of it in a text beside it.

    Returns where it lies now, for people. ``offered`` is what the reason is about. Raises
    GoneError, ReplacedError if it is another file by now, StorageError.
    """
    place = place_of(file.contract)
    prefix = f"load_{load_id}" if load_id is not None else f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    with fetched(file) as local:
        text = _reason_text(file, place, reason, load_id, hash_of(file.contract, local), now)

        def write(target: Path) -> None:
            shutil.copyfile(local, target)
            _keep_attributes(local, target)
            if not _is_still(file, place, offered):
                raise _replaced(file)

        for number in itertools.count(1):
            once_more = f"-{number}" if number > 1 else ""
            name = f"{prefix}{once_more}_{fitting(file.name, _ROOM_FOR_NAME)}"
            path = f"{place.refused}/{name}"
            try:
                # First, so that no file lies there without its reason.
                place.storage.put(path + REASON, lambda target: _write_text(target, text))
                break
            except FileExistsError:
                continue
        try:
            place.storage.put(path, write)
        except BaseException:
            place.storage.remove(path + REASON)
            raise
    _remove(file, place, offered, lambda: False)
    return place.storage.shown(path)


def _prefixes(load_id: int, sha256: str) -> Iterator[str]:
    """Yields the beginnings of archive names: the first serves, unless another file has it.

    That happens where a database was lost and counts its loads from one again.
    """
    yield f"load_{load_id}"
    yield f"load_{load_id}-{sha256[:12]}"
    for number in itertools.count(2):
        yield f"load_{load_id}-{sha256[:12]}-{number}"


def _content_at(place: Place, contract: Contract, path: str) -> str | None:
    with tempfile.TemporaryDirectory(prefix="sluss-") as scratch, suppress(FileNotFoundError):
        return hash_of(contract, place.storage.fetch(path, Path(scratch)))
    return None


def _remove(file: LandedFile, place: Place, offered: Entry, is_same: Callable[[], bool]) -> None:
    """Removes the original and its marker, unless it is no longer what was ``offered``.

    Between this look at it and its removal lie microseconds, in which a sender must not replace it.
    """
    if not _is_still(file, place, offered):
        try:
            if not is_same():
                raise _replaced(file)
        except GoneError:
            pass
    place.storage.remove(file.path)
    # Afterwards: a marker without its file is seen and told, a file that lost its marker would wait
    # for ever. Left behind, it is older than any file to come, and so marks none.
    place.storage.remove(file.path + MARKER)


def _is_still(file: LandedFile, place: Place, offered: Entry) -> bool:
    present = place.storage.entry(file.path)
    return present is not None and present.signature == offered.signature


def _replaced(file: LandedFile) -> ReplacedError:
    return ReplacedError(
        f"{file.title} was replaced or changed while it was loaded. It stays in the landing folder "
        "and is offered again; a sender should give each delivery a name of its own."
    )


def _pack(source: Path, target: Path) -> None:
    with (
        source.open("rb") as plain,
        target.open("wb") as file,
        # No name and no time in it: the same content gives the same bytes.
        gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed,
    ):
        shutil.copyfileobj(plain, packed, 1 << 20)


def _keep_attributes(source: Path, target: Path) -> None:
    """Times and permissions of the original: no copy is open to more people than that was."""
    with suppress(OSError):
        shutil.copystat(source, target)


def _write_text(target: Path, text: str) -> None:
    target.write_text(text, encoding="utf-8")


def _reason_text(
    file: LandedFile, place: Place, reason: str, load_id: int | None, sha256: str, now: datetime
) -> str:
    ledger = f"{load_id} (`sluss loads` lists it)" if load_id is not None else "not in the ledger"
    return f"""{file.title} was not loaded.

{reason}

Once it is mended, put it into the landing folder again: {place.storage.shown(place.incoming)}
Where it names an option (--…), load this file by hand: sluss load {file.contract.feed} FILE --…

File:    {file.title}
Feed:    {file.contract.feed}. {file.contract.description}
When:    {now.astimezone(BANK_TIME):%Y-%m-%d %H:%M:%S %Z}
Load:    {ledger}
sha256:  {sha256}
"""
