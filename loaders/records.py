"""What a record is, to the letter of RFC 4180 with a number of fields; and why a line is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Diagnosis:
    """Why a line is no record. ``is_open``: a quote is opened in it and not closed."""

    reason: str
    is_open: bool = False


@dataclass(frozen=True)
class RecordFormat:
    """Records of ``fields`` fields; an unquoted one holds no quote, line end or delimiter."""

    delimiter: bytes
    quote: bytes
    fields: int

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Matches a whole record and nothing else. Possessive, so that it cannot run wild."""
        more = b"%b%b" % (re.escape(self.delimiter), self._field)
        return re.compile(b"%b(?:%b){%d}" % (self._field, more, self.fields - 1))

    @cached_property
    def _field(self) -> bytes:
        quote, delimiter = re.escape(self.quote), re.escape(self.delimiter)
        return b"(?:%b(?:[^%b]++|%b%b)*+%b|[^%b%b\r\n]*+)" % (
            *(quote,) * 6,
            delimiter,
        )

    @cached_property
    def _one_field(self) -> re.Pattern[bytes]:
        return re.compile(self._field)

    def split(self, record: bytes) -> list[bytes]:
        """Returns the fields of ``record`` as they stand, quotes included."""
        if self.quote not in record:
            return record.split(self.delimiter)
        found, at = [], 0
        while True:
            match = self._one_field.match(record, at)
            assert match is not None  # the pattern matches the empty field
            found.append(match[0])
            at = match.end() + 1
            if at > len(record):
                return found

    def value(self, field: bytes) -> str | None:
        """Returns what ``field`` of :meth:`split` means; an empty one without quotes is None."""
        if field.startswith(self.quote):
            return field[1:-1].replace(self.quote * 2, self.quote).decode("utf-8")
        return field.decode("utf-8") or None

    def diagnose(self, line: bytes) -> Diagnosis:
        """Returns why ``line``, which :attr:`pattern` does not match, is no record."""
        count, at = 0, 0
        while True:
            match = self._one_field.match(line, at)
            assert match is not None
            count += 1
            at = match.end()
            if at == len(line):
                break
            following = line[at : at + 1]
            if following == self.delimiter:
                at += 1
            elif following == self.quote and match[0] == b"":
                # Not even a quoted field begins here: the quote is never closed.
                return Diagnosis(f"field {count} opens a quote that is never closed", is_open=True)
            elif match[0].startswith(self.quote):
                return Diagnosis(f"field {count} has text after its closing quote")
            elif following == self.quote:
                return Diagnosis(f"field {count} has a quote in the middle of unquoted text")
            else:
                return Diagnosis(f"field {count} has a carriage return outside quotes")
        plural = "" if count == 1 else "s"
        return Diagnosis(f"{count} field{plural}, expected {self.fields}")
