"""Turns blocks of a file into numbered records for COPY, and sets aside what is no record.

Fast for lines that are plainly records, strict with all others. A line is plainly a record if it
has the right number of delimiters and no quote, carriage return or NUL byte, in a block that is
UTF-8; one pass of C code decides that for a whole block. Every other line is suspect and must match
the record pattern.

An open quote is followed to later lines only if the contract allows line breaks in quotes, only
within its limits, and only while the following lines do not look like records themselves: so an
unclosed quote costs one line, and a legal line break is kept. Where it is in doubt (a note that
holds a line with just the right number of delimiters), the lines are set aside, not joined.

A blank line is an empty one, or one of spaces and tabs only (with a single column: an empty one,
since spaces could be its value).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from loaders.blocks import LongLine
from loaders.encodings import UTF8_BOM
from loaders.header import Layout


@dataclass
class Counts:
    """Lines by what became of them. ``good`` counts records, all others physical lines."""

    good: int = 0
    malformed: int = 0
    blank: int = 0
    header: int = 0
    continuation: int = 0

    @property
    def physical(self) -> int:
        """Every line of the file, each counted once."""
        return self.good + self.malformed + self.blank + self.header + self.continuation

    @property
    def records(self) -> int:
        """What the ledger calls lines: without header and blank ones."""
        return self.good + self.malformed


@dataclass(frozen=True)
class ScanLimits:
    """How far an open quote may be followed; see the contract's limits."""

    line_breaks_in_quotes: bool
    max_line_bytes: int
    max_record_lines: int


class Scanner:
    """Reads the blocks of one file in turn, after its header.

    ``set_aside(line_no, reason, raw_line)`` is called for every malformed line. ``at`` is the
    number of the next line. ``what`` names the encoding in reasons.
    """

    def __init__(
        self,
        layout: Layout,
        limits: ScanLimits,
        set_aside: Callable[[int, str, bytes], None],
        counts: Counts,
        at: int,
        encoding: str = "utf-8",
    ) -> None:
        self.counts = counts
        self.at = at
        self.first_undecodable: tuple[int, int] | None = None
        self._layout = layout
        self._limits = limits
        self._set_aside_line = set_aside
        self._encoding = "UTF-8" if encoding == "utf-8" else encoding
        self._delimiter = layout.format.delimiter
        self._quote = layout.format.quote
        self._expected = layout.format.fields - 1
        self._is_record = layout.format.pattern.fullmatch
        self._row = b"%d" + self._delimiter.replace(b"%", b"%%") + b"%b\n"
        telling = self._delimiter + self._quote + b"\n\r\0"
        self._text = bytes(byte for byte in range(256) if byte not in telling)
        self._plain = self._delimiter * self._expected + b"\n"
        self._special = re.compile(b"[%b\r\0]" % re.escape(self._quote)).search

    def scan(self, block: bytes, more: bool) -> tuple[bytes, bytes]:
        """Returns text for COPY, and the end of ``block`` that only the next block can decide on.

        ``more`` says that there is a next block; the caller puts the second value before it. It is
        empty unless an open quote reaches the end of ``block``.
        """
        if not block.endswith(b"\n"):
            block += b"\n"  # the end of the file ends its last line
        has_quote = self._quote in block
        if b"\r" in block and not has_quote:
            # No quotes, so every CRLF is a line end: a file from Windows stays on the fast path.
            block = block.replace(b"\r\n", b"\n")
        lines = block.split(b"\n")
        lines.pop()
        is_utf8 = block.isascii() or _decodes(block)
        # What is left of a block of plain records without its text is always the same. This one
        # look finds wrong numbers of delimiters, quotes, carriage returns and NUL bytes.
        if (
            not is_utf8
            or block.translate(None, self._text) != self._plain * len(lines)
            or self._layout.line in block
            or (not self._expected and not all(lines))
        ):
            # Inside quotes a CR before the LF is part of the value, so here it is still in place.
            return self._scan_each(lines, b"\r" if has_quote else b"", is_utf8, more)
        first = self.at
        self.at += len(lines)
        self.counts.good += len(lines)
        return self._number(range(first, self.at), lines), b""

    def skip_long_line(self, line: LongLine) -> None:
        """Sets a line aside that is too long to be read."""
        kept = (
            f"; its first {len(line.head):,} bytes are kept" if len(line.head) < line.size else ""
        )
        most = self._limits.max_line_bytes
        self._set_aside(
            f"a line of {line.size:,} bytes, at most {most:,} are allowed{kept}", line.head
        )

    def _scan_each(
        self, lines: list[bytes], line_end: bytes, is_utf8: bool, more: bool
    ) -> tuple[bytes, bytes]:
        """Does what :meth:`scan` does, line by line.

        ``line_end`` is what may be left of the line ends of ``lines``; ``is_utf8``: all lines are.
        """
        numbers: list[int] = []
        records: list[bytes] = []
        expected, delimiter, special = self._expected, self._delimiter, self._special
        header = self._layout.line
        index = 0
        while index < len(lines):
            line = lines[index].removesuffix(line_end)
            record: bytes | None
            if (
                is_utf8
                and line
                and line.count(delimiter) == expected
                and not special(line)
                and not line.endswith(header)
            ):
                record, used = line, 1
            else:
                record, used = self._judge(line, lines, index, more)
                if not used:
                    return self._number(numbers, records), b"\n".join([*lines[index:], b""])
            if record is not None:
                numbers.append(self.at)
                records.append(record)
                self.counts.good += 1
                self.counts.continuation += used - 1
                self.at += used
            index += used
        return self._number(numbers, records), b""

    def _judge(
        self, line: bytes, lines: list[bytes], index: int, more: bool
    ) -> tuple[bytes | None, int]:
        """Returns the record that begins at ``index``, if one does, and how many lines it takes.

        No lines at all if that depends on the next block.
        """
        if not (line.strip(b" \t") if self._expected else line):
            self.counts.blank += 1
            self.at += 1
            return None, 1
        problem = self._problem(line)
        if problem:
            self._set_aside(problem, line)
            return None, 1
        if self._is_record(line):
            if b"\r" in line and not self._limits.line_breaks_in_quotes:
                self._set_aside("a carriage return inside quotes", line)
                return None, 1
            return line, 1
        diagnosis = self._layout.format.diagnose(line)
        if diagnosis.is_open and self._limits.line_breaks_in_quotes:
            record, used = self._follow(lines, index, more)
            if record is not None or not used:
                return record, used
        self._set_aside(diagnosis.reason, line)
        return None, 1

    def _follow(self, lines: list[bytes], index: int, more: bool) -> tuple[bytes | None, int]:
        """Returns the record of several lines that begins at ``index``, as :meth:`_judge` does."""
        size = len(lines[index])
        for after in range(index + 1, index + self._limits.max_record_lines):
            if after == len(lines):
                return None, 0 if more else 1
            line = lines[after]
            bare = line.removesuffix(b"\r")
            size += len(line) + 1
            if size > self._limits.max_line_bytes or self._is_record(bare) or self._problem(bare):
                break
            # Up to PostgreSQL 17, a line of \. ends the data even inside quotes.
            if bare == b"\\.":
                break
            if line.count(self._quote) % 2:
                record = b"\n".join(lines[index : after + 1]).removesuffix(b"\r")
                return (record, after + 1 - index) if self._is_record(record) else (None, 1)
        return None, 1

    def _problem(self, line: bytes) -> str | None:
        """Returns what makes ``line`` no text of a record, whatever its fields; or None."""
        if not line.isascii():
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                bad = line[error.start]
                if self._encoding != "UTF-8":
                    return (
                        f"a byte at position {error.start + 1} that {self._encoding} does not have"
                    )
                if self.first_undecodable is None:
                    self.first_undecodable = (bad, self.at)
                return f"not UTF-8: byte 0x{bad:02X} at position {error.start + 1}"
        if b"\0" in line:
            return f"a NUL byte at position {line.index(0) + 1}"
        if line.removeprefix(UTF8_BOM) == self._layout.line:
            return "the header again"
        return None

    def _set_aside(self, reason: str, line: bytes) -> None:
        self._set_aside_line(self.at, reason, line)
        self.counts.malformed += 1
        self.at += 1

    def _number(self, numbers: range | list[int], records: list[bytes]) -> bytes:
        """Returns ``records``, each after its line number, as COPY reads them."""
        if not records:
            return b""
        if self._layout.extra:
            records = list(map(self._with_extra, records))
        values = tuple(chain.from_iterable(zip(numbers, records, strict=True)))
        return self._row * len(records) % values

    def _with_extra(self, record: bytes) -> bytes:
        """Returns ``record`` with its extra columns as one quoted JSON object at the end."""
        form = self._layout.format
        fields = form.split(record)
        extra = {name: form.value(fields[index]) for index, name in self._layout.extra.items()}
        text = json.dumps(extra, ensure_ascii=False, separators=(",", ":")).encode()
        kept = [fields[index] for index in self._layout.known]
        kept.append(self._quote + text.replace(self._quote, self._quote * 2) + self._quote)
        return self._delimiter.join(kept)


def _decodes(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
