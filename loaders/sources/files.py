"""Delimited files on disk, plain or gzipped."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from loaders.errors import UnusableInputError
from loaders.sources import Source, UnreadableContentError

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"


def open_source(path: Path | None) -> Source:
    """Returns the file at ``path`` as a source; gzip is told by its first bytes, not its name."""
    if path is None:
        raise UnusableInputError("This feed has no file of its own: name the file to load.")
    head = first_bytes(path)
    if head.startswith(ZIP_MAGIC):
        raise UnusableInputError(
            f"{path.name} is a zip archive or an Excel workbook. Expected is delimited text, plain "
            "or gzipped: unpack it, or save the sheet as CSV UTF-8, and load that."
        )
    return Source(path.name, lambda: GuardedStream(path, gzipped=head.startswith(GZIP_MAGIC)))


def first_bytes(path: Path) -> bytes:
    """Returns the first bytes of the file at ``path``; raises UnusableInputError if it is none."""
    if not path.exists():
        raise UnusableInputError(f"There is no file {path}. Check the name and the folder.")
    if not path.is_file():
        raise UnusableInputError(
            f"{path} is not a file. Name the files themselves; a pipe cannot be loaded, since the "
            "content is read twice: first for its fingerprint, then to load it."
        )
    try:
        with path.open("rb") as stream:
            return stream.read(8)
    except OSError as error:
        raise UnusableInputError(f"{path} cannot be read: {error.strerror}.") from error


class GuardedStream:
    """The content of a file; damage while reading becomes an UnreadableContentError."""

    def __init__(self, path: Path, gzipped: bool) -> None:
        self._name = path.name
        try:
            # Unbuffered: the blocks we ask for are larger than a buffer, which would only copy
            # them.
            self._stream = cast(
                BinaryIO, gzip.GzipFile(path) if gzipped else path.open("rb", buffering=0)
            )
        except OSError as error:
            raise UnusableInputError(f"{path} cannot be read: {error.strerror}.") from error

    def read(self, size: int, /) -> bytes:
        """Returns up to ``size`` bytes, none at the end."""
        try:
            return self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnreadableContentError(
                f"{self._name} is a damaged or incomplete gzip file ({error}). Fetch it again from "
                "where it came, and load that."
            ) from error
        except OSError as error:
            raise UnreadableContentError(
                f"{self._name} could not be read to its end: {error.strerror}."
            ) from error

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()

    def __enter__(self) -> GuardedStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
