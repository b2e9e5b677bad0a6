"""Streams one file through the scanner into COPY, and keeps the malformed lines for later."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.blocks import BLOCK_BYTES, LineBlocks, LongLine
from loaders.contract import Contract
from loaders.encodings import UTF8_BOM, Utf8, wide_encoding
from loaders.header import Layout, RefusedFileError, read_header
from loaders.scan import Counts, ScanLimits, Scanner
from loaders.sources import Readable, Source

# A refused file's malformed lines are kept as far as a person would read; the reason says how many
# there are.
MAX_KEPT_OF_REFUSED = 10_000

# UTF-16 shows within the first few lines.
_HEAD_BYTES = 1024


class FileChangedError(Exception):
    """The content is no longer the one whose fingerprint is in the ledger."""


class AccountsDifferError(Exception):
    """The loader's numbers do not add up: its own fault, never to be committed."""


@dataclass(frozen=True)
class Fingerprint:
    """What identifies a content: of the file after decompression, and otherwise untouched."""

    sha256: str
    byte_count: int


@dataclass
class Outcome:
    """What was read of a file; filled while it is read, so that a refusal can tell it too."""

    counts: Counts = field(default_factory=Counts)
    extra_columns: list[str] = field(default_factory=list)
    first_undecodable: tuple[int, int] | None = None


class Hashed:
    """``stream``, with the fingerprint of what was read of it so far."""

    def __init__(self, stream: Readable, on_progress: Callable[[int], None] | None = None) -> None:
        self._stream = stream
        self._sha256 = hashlib.sha256()
        self._on_progress = on_progress
        self._byte_count = 0

    def read(self, size: int, /) -> bytes:
        """Returns up to ``size`` bytes, none at the end."""
        data = self._stream.read(size)
        self._sha256.update(data)
        self._byte_count += len(data)
        if self._on_progress:
            self._on_progress(self._byte_count)
        return data

    def fingerprint(self) -> Fingerprint:
        """Returns the fingerprint of what has been read."""
        return Fingerprint(self._sha256.hexdigest(), self._byte_count)


def fingerprint(source: Source, on_progress: Callable[[int], None] | None = None) -> Fingerprint:
    """Reads the whole of ``source`` and returns its fingerprint."""
    stream = Hashed(source.open_content(), on_progress)
    while stream.read(BLOCK_BYTES):
        pass
    return stream.fingerprint()


class MalformedLines:
    """The malformed lines of one load, on disk: there may be more of them than fit in memory."""

    def __init__(self, load_id: int, at_most: int) -> None:
        self._load_id = load_id
        self._at_most = at_most
        # In COPY's text format, so that they are sent as they are.
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="sluss-")  # noqa: SIM115
        self.kept = 0

    def add(self, line_no: int, reason: str, raw_line: bytes) -> None:
        """Keeps a line, or not: a file with more than ``at_most`` is going to be refused."""
        if self.kept == self._at_most:
            return
        self.kept += 1
        row = f"{self._load_id}\t{line_no}\t{reason}\t\\\\x{raw_line.hex()}\n"
        self._file.write(row.encode())

    def copy(self, cursor: Cursor, at_most: int | None = None) -> int:
        """Copies the first ``at_most`` lines into ops.malformed_lines; returns their number."""
        if not self.kept:
            return 0
        self._file.seek(0)
        rows: Iterator[bytes] = iter(self._file)
        if at_most is not None and at_most < self.kept:
            rows = (next(self._file) for _ in range(at_most))
        cursor.copy_expert(
            "copy ops.malformed_lines (load_id, line_no, reason, raw_line) from stdin",
            _Rows(rows),  # type: ignore[arg-type]
        )
        return cursor.rowcount

    def close(self) -> None:
        """Gives the disk space back."""
        self._file.close()


class _Rows:
    """An iterator as the file object that psycopg2 wants: one ``read`` gives one item."""

    def __init__(self, rows: Iterator[bytes]) -> None:
        self._rows = rows
        self.failure: BaseException | None = None

    def read(self, size: int, /) -> bytes:
        try:
            return next(self._rows, b"")
        except BaseException as error:
            # psycopg2 only says that read() failed; the reason is raised from here afterwards.
            self.failure = error
            raise


def most_malformed_lines(contract: Contract, byte_count: int) -> int:
    """Returns how many malformed lines ``byte_count`` bytes can have and still be loaded, at most.

    A good record takes at least as many bytes as it has columns.
    """
    limits = contract.limits
    if limits.max_malformed_share == 1:
        return byte_count
    share = limits.max_malformed_share / (1 - limits.max_malformed_share)
    permitted = int(share * byte_count / len(contract.columns)) + 1
    return max(permitted, limits.max_malformed_lines, MAX_KEPT_OF_REFUSED)


def copy_source(
    connection: Connection,
    partition: str,
    contract: Contract,
    source: Source,
    expected: Fingerprint,
    malformed: MalformedLines,
    outcome: Outcome,
    delimiter: str,
    encoding: str,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Copies the good records of ``source`` into ``partition`` and the others into ``malformed``.

    Raises RefusedFileError if the file as a whole cannot be taken, FileChangedError if its content
    is no longer ``expected``, AccountsDifferError if the numbers do not add up. Commits nothing.
    """
    hashed = Hashed(source.open_content(), on_progress)
    head = hashed.read(_HEAD_BYTES)
    _refuse_wide(head, encoding)
    stream = source.tidy(_Prefixed(head, hashed))
    transcoder = Utf8(stream, encoding) if encoding != "utf-8" else None
    blocks = LineBlocks(transcoder or stream, contract.limits.max_line_bytes)

    def set_aside(line_no: int, reason: str, raw_line: bytes) -> None:
        malformed.add(line_no, reason, transcoder.original(raw_line) if transcoder else raw_line)

    layout, events = _after_header(blocks, contract, delimiter, outcome)
    if contract.extra_columns == "keep":
        outcome.extra_columns = list(layout.extra.values())
    scanner = Scanner(
        layout,
        ScanLimits(
            contract.line_breaks_in_quotes,
            contract.limits.max_line_bytes,
            contract.limits.max_record_lines,
        ),
        set_aside,
        outcome.counts,
        at=outcome.counts.physical + 1,
        encoding=encoding,
    )
    rows = _Rows(_copy_text(events, scanner))
    with connection.cursor() as cursor:
        try:
            statement = _copy_statement(connection, partition, contract, layout)
            cursor.copy_expert(statement, rows, size=BLOCK_BYTES)  # type: ignore[arg-type]
        except Exception:
            if rows.failure:
                raise rows.failure from None
            raise
        copied = cursor.rowcount
    outcome.first_undecodable = scanner.first_undecodable
    if hashed.fingerprint() != expected:
        raise FileChangedError
    counts = outcome.counts
    if copied != counts.good or blocks.lines != counts.physical:
        raise AccountsDifferError(
            f"{copied} rows copied of {counts.good} good records; {blocks.lines} lines in the "
            f"file, {counts.physical} accounted for ({counts})"
        )


def _refuse_wide(head: bytes, encoding: str) -> None:
    wide = wide_encoding(head)
    if wide and encoding == "utf-8":
        raise RefusedFileError(
            f"The file is in {wide.upper()}, expected is UTF-8. `--encoding {wide}` would read it."
        )


class _Prefixed:
    """``head``, then the rest of ``stream``."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._stream.read(size)


def _after_header(
    blocks: LineBlocks, contract: Contract, delimiter: str, outcome: Outcome
) -> tuple[Layout, Iterator[bytes | LongLine]]:
    """Reads past blank lines and the header; returns the layout, and the events after it."""
    events = iter(blocks)
    is_first = True
    for event in events:
        if isinstance(event, LongLine):
            raise RefusedFileError(
                f"The first line has {event.size:,} bytes, at most "
                f"{contract.limits.max_line_bytes:,} are allowed: this is no delimited text with a "
                "header, or its line ends are lost."
            )
        block = event.removeprefix(UTF8_BOM) if is_first else event
        is_first = False
        while block:
            line, _, block = block.partition(b"\n")
            line = line.removesuffix(b"\r")
            if line.strip(b" \t"):
                outcome.counts.header = 1
                layout = read_header(line, contract, delimiter)
                return layout, _chain(block, events)
            outcome.counts.blank += 1
    raise RefusedFileError(
        "The file is empty. Expected is at least the header line: "
        f"{delimiter.join(contract.headers)}. Ask the sender for the file again."
    )


def _chain(block: bytes, events: Iterator[bytes | LongLine]) -> Iterator[bytes | LongLine]:
    if block:
        yield block
    yield from events


def _copy_text(events: Iterator[bytes | LongLine], scanner: Scanner) -> Iterator[bytes]:
    """Yields what COPY is to read, never an empty piece: psycopg2 takes that for the end."""
    rest = b""
    event = next(events, None)
    while event is not None:
        following = next(events, None)
        if isinstance(event, LongLine):
            scanner.skip_long_line(event)
        else:
            text, rest = scanner.scan(rest + event, more=isinstance(following, bytes))
            if text:
                yield text
        event = following


def _copy_statement(
    connection: Connection, partition: str, contract: Contract, layout: Layout
) -> str:
    columns = ["_line_no", *layout.known.values(), *(["_extra"] if layout.extra else [])]
    quote = sql.Literal(contract.dialect.quote)
    # FREEZE: the partition is new, so its rows need not be visited again to be marked as old.
    statement = sql.SQL(
        "copy {table} ({columns}) from stdin with (format csv, freeze, encoding 'UTF8', "
        "delimiter {delimiter}, quote {quote}, escape {quote})"
    ).format(
        table=sql.Identifier("staging", partition),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        delimiter=sql.Literal(layout.format.delimiter.decode()),
        quote=quote,
    )
    return statement.as_string(connection)
