"""Readers: each turns what a feed delivers into a :class:`Source` of delimited text.

A contract names its reader. What the copier gets is bytes with one header line and one record a
line; everything that is wrong with the lines themselves is the scanner's affair, not the reader's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from loaders.errors import UnusableInputError


class Readable(Protocol):
    """Whatever gives bytes: ``read`` returns up to ``size`` of them, and none at the end."""

    def read(self, size: int, /) -> bytes: ...


class UnreadableContentError(UnusableInputError):
    """The content of a file cannot be read to its end: the loader refuses the file."""


def as_it_is(stream: Readable) -> Readable:
    """Returns ``stream``: for readers that change nothing in the content."""
    return stream


@dataclass(frozen=True)
class Source:
    """One delivery, which can be read several times.

    ``open_content`` returns the content after decompression, which is what the ledger's sha256 and
    byte count are of; its ``read`` raises UnreadableContentError if the content is damaged.
    ``tidy`` is applied to that stream before the scanner sees it. ``proposed_date`` is a business
    date found in the content, if the reader knows where to look.
    """

    file_name: str
    open_content: Callable[[], Readable]
    tidy: Callable[[Readable], Readable] = as_it_is
    proposed_date: date | None = None


@dataclass(frozen=True)
class Reader:
    """What reads the files of a feed: ``open_source`` of its module.

    ``takes_gzip``: what was gzipped for the archive can be read again. ``has_own_file``: it knows a
    file to read where none is named.
    """

    module: str
    takes_gzip: bool = True
    has_own_file: bool = False


READERS = {
    "csv": Reader("loaders.sources.files"),
    "ecb": Reader("loaders.sources.ecb", takes_gzip=False, has_own_file=True),
}


def open_source(reader: str, path: Path | None) -> Source:
    """Returns the source that ``reader`` (a contract's setting) makes of the file at ``path``.

    ``None`` stands for the reader's own file, where it has one. Raises UnusableInputError if there
    is nothing at ``path`` that could be read twice, UnreadableContentError if it is damaged.
    """
    # Named, not imported: a reader's libraries are not loaded for the sake of another one.
    module = importlib.import_module(READERS[reader].module)
    source: Source = module.open_source(path)
    return source
