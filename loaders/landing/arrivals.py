"""What lies in a feed's landing folder, and which of it is whole.

A file is whole when its sender says so, by a marker ``<name>.done`` beside it, or when it was seen
unchanged for the contract's ``settle_seconds``: seen, because the time that a file carries may be
the sender's. What was seen goes from look to look as a plain dictionary of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import translate
from typing import Literal
from urllib.parse import quote, unquote

from loaders.contract import Contract
from loaders.landing.places import Place, place_of
from loaders.landing.storage import Entry, printable

MARKER = ".done"
REASON = ".reason.txt"

# What programs that send files, or save them, call those they have not done with.
UNFINISHED = (
    *(".part", ".partial", ".filepart", ".tmp", ".temp", ".upload", ".uploading", ".writing"),
    *(".crdownload", ".download", ".swp", "~"),
)

_EARLIEST = datetime.min.replace(tzinfo=UTC)

# By a file's key: {"seen": its signature, "since": when that was seen first}.
State = dict[str, dict[str, str]]


@dataclass(frozen=True)
class LandedFile:
    """A file by its name in the landing folder of its feed; whether it is there, a look tells.

    ``name`` is as the system has it and may hold bytes that are no UTF-8 (as surrogates): ``key``
    is the same in plain ASCII, for a run's configuration, and ``title`` for people to read.
    """

    contract: Contract
    name: str

    @property
    def key(self) -> str:
        return quote(self.name, safe="", errors="surrogateescape")

    @property
    def title(self) -> str:
        return printable(self.name)

    @property
    def path(self) -> str:
        """Where it lies, as its storage names it."""
        return f"{place_of(self.contract).incoming}/{self.name}"


@dataclass(frozen=True)
class WaitingFile:
    """What a look found of a file: ``whole``, ``unfinished``, or a ``stray`` that is not loaded.

    ``why`` says in a sentence why it is not whole. ``location`` is for people. Sizes are in bytes.
    """

    file: LandedFile
    location: str
    size: int
    modified: datetime | None
    status: Literal["whole", "unfinished", "stray"]
    why: str | None = None


def landed_file(contract: Contract, key: str) -> LandedFile:
    """Returns the file whose :attr:`LandedFile.key` is ``key``; it need not be there any more."""
    return LandedFile(contract, unquote(key, errors="surrogateescape"))


def waiting(
    contract: Contract, previous: Mapping[str, object] | None, now: datetime
) -> tuple[list[WaitingFile], State]:
    """Looks into the feed's landing folder; returns what waits there, oldest first, and the state.

    ``previous`` is the state that the look before returned (None, or what is no such state: there
    was none), ``now`` has a time zone. Changes nothing but to make a local folder that is missing.
    Raises StorageError if the folder cannot be read.
    """
    place = place_of(contract)
    place.storage.make_folder(place.incoming)
    entries = {
        entry.name: entry
        for entry in place.storage.entries(place.incoming)
        if not entry.name.startswith(".") and not entry.name.endswith(REASON)
    }
    matches = re.compile(translate(contract.landing.pattern.casefold())).match
    found: list[WaitingFile] = []
    state: State = {}
    for entry in entries.values():
        file = LandedFile(contract, entry.name)
        sentence = _why_stray(contract, place, entry, entries)
        status: Literal["whole", "unfinished", "stray"] = "stray"
        if sentence is None:
            if entry.kind != "file" or entry.name.endswith(MARKER):
                continue
            if entry.name.casefold().endswith(UNFINISHED):
                status, sentence = "unfinished", _unfinished_by_name(entry)
            elif not matches(entry.name.casefold()):
                sentence = (
                    f"{file.title} is not loaded: files of {contract.feed} are named like "
                    f"{contract.landing.pattern}. Rename it, or move it to the folder of its feed."
                )
            else:
                since, grown = _seen_since(entry, (previous or {}).get(file.key), now)
                state[file.key] = {"seen": entry.signature, "since": since.isoformat()}
                marker = entries.get(entry.name + MARKER)
                sentence = _why_unfinished(contract, entry, marker, now - since, grown)
                status = "unfinished" if sentence else "whole"
        location = place.storage.shown(entry.path)
        found.append(WaitingFile(file, location, entry.size, entry.modified, status, sentence))
    found.sort(key=lambda one: (one.modified or _EARLIEST, one.file.name))
    return found, state


def _why_stray(
    contract: Contract, place: Place, entry: Entry, entries: Mapping[str, Entry]
) -> str | None:
    """Returns a sentence on what is no file to load, None for a file, a marker, or our folders."""
    name = printable(entry.name)
    if entry.kind == "folder":
        ours = (place.archive, place.refused)
        if any(f"{one}/".startswith(f"{place.incoming}/{entry.name}/") for one in ours):
            return None
        return (
            f"{name} is a folder, and nothing in it is loaded. Expected are files of "
            f"{contract.feed}: move them up, out of it."
        )
    if entry.kind == "other":
        return f"{name} is not loaded: it is a link to nothing, or no file. Remove it."
    if entry.name.endswith(MARKER) and entry.name.removesuffix(MARKER) not in entries:
        return (
            f"{name} says that {name.removesuffix(MARKER)} is whole, which is not here. If that "
            f"is loaded, remove the marker. A marker is named as its file, with {MARKER} after it."
        )
    return None


def _seen_since(entry: Entry, seen: object, now: datetime) -> tuple[datetime, int | None]:
    """Returns since when the file is seen as it is now, and by how much it grew if it is not."""
    if not isinstance(seen, Mapping):
        return now, None
    try:
        since = datetime.fromisoformat(seen["since"])
        if seen["seen"] == entry.signature and since <= now:
            return since, None
        return now, entry.size - int(str(seen["seen"]).partition(":")[0])
    except (KeyError, TypeError, ValueError):
        return now, None


def _why_unfinished(
    contract: Contract,
    entry: Entry,
    marker: Entry | None,
    still: timedelta,
    grown: int | None,
) -> str | None:
    """Returns why a file is not whole yet, in words; None if it is."""
    name = printable(entry.name)
    # A marker that is older is left over from a file of the same name that was here before.
    if marker and (not (marker.changed and entry.changed) or marker.changed >= entry.changed):
        return None
    landing = contract.landing
    if landing.needs_marker and marker:
        return f"{name}{MARKER} is older than its file: write it anew once the file is whole."
    if landing.needs_marker:
        return f"It waits for {name}{MARKER}, which its sender writes once it is whole."
    if still >= timedelta(seconds=landing.settle_seconds):
        return None
    if grown:
        change = f"{abs(grown):,} bytes {'more' if grown > 0 else 'fewer'} than at the last look"
    else:
        change = f"unchanged for {still.total_seconds():.0f} s"
    return f"It may still be written: {change}, whole after {landing.settle_seconds:g} s."


def _unfinished_by_name(entry: Entry) -> str:
    since = f" since {entry.modified:%Y-%m-%d %H:%M %Z}" if entry.modified else ""
    return f"It is still being written, by its name{since}; whoever writes it renames it then."
