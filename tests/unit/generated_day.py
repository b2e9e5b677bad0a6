"""Reads a generated day without the generator's knowledge: bytes and the csv module."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Day:
    """A generated day as read back; records by the physical line on which they start."""

    customers_bytes: bytes
    transactions_bytes: bytes
    customers: list[list[str]]
    records: dict[int, list[str]]  # all but the malformed ones
    blank_lines: int
    key: dict[str, Any]

    @property
    def entries(self) -> dict[int, dict[str, Any]]:
        """The key's entries by line number."""
        return {entry["line_no"]: entry for entry in self.key["lines"]}

    @property
    def clean(self) -> dict[int, list[str]]:
        """The records that have no entry in the key."""
        entries = self.entries
        return {number: record for number, record in self.records.items() if number not in entries}


def read_day(folder: Path) -> Day:
    """Returns the day in ``folder``; the key only tells which lines are malformed."""
    customers = (folder / "customers.csv").read_bytes()
    transactions = (folder / "transactions.csv").read_bytes()
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    malformed = {entry["line_no"] for entry in key["lines"] if entry["outcome"] == "malformed"}
    records: dict[int, list[str]] = {}
    blank_lines = 0
    lines = transactions.split(b"\n")
    assert lines.pop() == b""
    number = 2
    while number <= len(lines):
        line = lines[number - 1]
        start = number
        number += 1
        if start in malformed:
            continue
        if line == b"":
            blank_lines += 1
            continue
        while line.count(b'"') % 2:  # a line break inside quotes
            line += b"\n" + lines[number - 1]
            number += 1
        (record,) = csv.reader([line.decode("utf-8")], strict=True)
        assert len(record) == 12, (start, record)
        records[start] = record
    return Day(
        customers_bytes=customers,
        transactions_bytes=transactions,
        customers=list(csv.reader(customers.decode("utf-8").splitlines(), strict=True))[1:],
        records=records,
        blank_lines=blank_lines,
        key=key,
    )
