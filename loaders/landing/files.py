"""A file of a landing folder or an archive, looked at: its content, its hash, its business date."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from loaders import copier
from loaders.business_date import business_date as find_business_date
from loaders.contract import Contract
from loaders.errors import UnusableInputError, UserError
from loaders.landing.arrivals import LandedFile
from loaders.landing.places import place_of
from loaders.landing.storage import printable
from loaders.sources import Readable, Source, open_source

# What content_hash puts before the hash of bytes that it could not read as a content.
RAW = "raw-"

_LONGEST_NAME = 255
_ARCHIVED = re.compile(r"load_(\d+)(?:-[0-9a-f]{12}(?:-\d+)?)?_(.+)", re.DOTALL)


class GoneError(UserError):
    """The file is no longer where it was: loaded by another process, or taken back."""


@dataclass(frozen=True)
class ArchivedFile:
    """A file that was loaded as ``load_id`` and archived under ``business_date``.

    ``name`` is the one it arrived under (with ``.gz`` after it, if the archive packed it).
    """

    contract: Contract
    business_date: date
    load_id: int
    name: str
    path: str


def archived(contract: Contract, business_date: date) -> list[ArchivedFile]:
    """Returns the archived files of a day, in the order of their loads."""
    place = place_of(contract)
    found = []
    for entry in place.storage.entries(f"{place.archive}/{business_date.isoformat()}"):
        known = _ARCHIVED.fullmatch(entry.name)
        if known and entry.kind == "file":
            load_id, name = int(known[1]), known[2]
            found.append(ArchivedFile(contract, business_date, load_id, name, entry.path))
    return sorted(found, key=lambda one: (one.load_id, one.path))


@contextmanager
def fetched(file: LandedFile | ArchivedFile) -> Iterator[Path]:
    """Gives a local path to the file, under the name it arrived with, while the block lasts.

    A file on this machine is not copied. Where it has another name now, or one that is no text
    (which no ledger could hold), the path is a link to it. Raises GoneError if it is not there.
    """
    with tempfile.TemporaryDirectory(prefix="sluss-") as scratch:
        try:
            path = place_of(file.contract).storage.fetch(file.path, Path(scratch))
        except FileNotFoundError:
            raise GoneError(f"{printable(file.name)} is no longer there.") from None
        name = fitting(printable(file.name))
        if path.name != name:
            link = Path(scratch) / "named" / name
            link.parent.mkdir()
            link.symlink_to(path)
            path = link
        yield path


def content_hash(file: LandedFile | ArchivedFile) -> str:
    """Returns the sha256 of the file's content as ops.loads has it: of what is in a gzip, a zip.

    Of a content that cannot be read (a damaged gzip), returns the hash of the bytes as they are,
    after ``raw-``. Raises GoneError if the file is not there.
    """
    with fetched(file) as path:
        return hash_of(file.contract, path)


def hash_of(contract: Contract, path: Path) -> str:
    """Returns what :func:`content_hash` does, of a local file."""
    try:
        return copier.fingerprint(open_source(contract.reader, path)).sha256
    except UnusableInputError:
        with path.open("rb") as stream:
            return RAW + hashlib.file_digest(stream, "sha256").hexdigest()


def business_date_of(file: LandedFile | ArchivedFile, today: date | None = None) -> date:
    """Returns the business date that the loader would choose; an archived file has its own.

    Raises what it would raise: UnusableInputError, for a name with two dates, or one to come.
    """
    if isinstance(file, ArchivedFile):
        return file.business_date
    name = printable(file.name)
    if "content" not in file.contract.business_date:
        return find_business_date(file.contract, Source(name, _unread), None, today)[0]
    with fetched(file) as path:
        source = open_source(file.contract.reader, path)
        return find_business_date(file.contract, source, None, today)[0]


def _unread() -> Readable:
    raise NotImplementedError("the name of a file is enough: its content is not fetched")


def fitting(name: str, room: int = _LONGEST_NAME) -> str:
    """Returns ``name``, its middle replaced by its hash where it has more than ``room`` bytes."""
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) <= room:
        return name
    middle = f"~{hashlib.sha256(raw).hexdigest()[:8]}~".encode()
    tail = raw[-40:]
    cut = raw[: room - len(middle) - len(tail)] + middle + tail
    return cut.decode("utf-8", "ignore")
