"""One database with loads of every kind, built once; a report of a load is written when asked for.

The sample day, three quiet days before it, a day held for its register, one of no lines, and one
whose fields hold markup and things about persons where they do not belong.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loaders.generators.bank import generate_bank
from loaders.generators.bank.lines import FIELDS as HEADER
from sluss.build import build
from sluss.report import write_report
from tests.conftest import REPOSITORY, Database
from tests.report.page import Page, read_page
from tests.support import loaded
from tests.unit.generated_day import Day, read_day

SAMPLE = REPOSITORY / "data" / "sample_day"
BANK_DAY = date(2025, 5, 19)
QUIET_DAYS = [date(2025, 5, 14), date(2025, 5, 15), date(2025, 5, 16)]
QUIET_LINES = 200

ODD_NAME = "<img src=x onerror=alert(1)> & 'day'.csv"
MARKUP = '</script><script>alert("field")</script>'
# Things about a person, on lines of the odd day, wherever a sender may put them.
STRAY = {
    "notes": "Ring Maja Sandelin, 0701-23 45 67",
    "amount": "Maja Sandelin",
    "timestamp": "19640823-3234",
    "currency": "Maja",
    "sender_account": "Maja Katarina Sandelin-Bergqvist",
    "transaction_type": "Maja Sandelin",
    "sender_municipality": "Sandelinsby",
}


@dataclass
class Reports:
    """The loads by name, and the report of each."""

    database: Database
    folder: Path
    sample: Day
    loads: dict[str, int]
    written: dict[str, Page] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        return self.folder / f"load_{self.loads[name]}.html"

    def __getitem__(self, name: str) -> Page:
        """The report of the load of that name, read back."""
        if name not in self.written:
            write_report(self.loads[name], self.path(name))
            self.written[name] = read_page(self.path(name))
        return self.written[name]


@pytest.fixture(scope="package")
def reports(
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reports]:
    folder = tmp_path_factory.mktemp("report")
    sample = read_day(SAMPLE)
    generate_bank(400, 11, folder / "other", day=BANK_DAY)
    clean = list(sample.clean.values())
    with make_database() as database:
        loads = {
            "register": loaded("bank_customers", SAMPLE / "customers.csv", BANK_DAY),
            "rates": loaded("fx_rates", None),
            "sample": loaded("bank_transactions", SAMPLE / "transactions.csv", BANK_DAY),
        }
        for number, day in enumerate(QUIET_DAYS):
            chosen = clean[number * QUIET_LINES : (number + 1) * QUIET_LINES]
            path = _write(folder / f"quiet_{day}.csv", [_on(line, day) for line in chosen])
            loads[f"quiet {number}"] = loaded("bank_transactions", path, day)
        loads["held"] = loaded("bank_transactions", folder / "other" / "transactions.csv", BANK_DAY)
        loads["empty"] = loaded("bank_transactions", _write(folder / "empty.csv", []), BANK_DAY)
        loads["odd"] = loaded(
            "bank_transactions", _write(folder / ODD_NAME, _odd_lines(clean)), BANK_DAY
        )
        build()
        # Comes too late for the build.
        path = _write(folder / "late.csv", [_on(line, BANK_DAY) for line in clean[:3]])
        loads["not built"] = loaded("bank_transactions", path, BANK_DAY)
        yield Reports(database, folder, sample, loads)


def answer_key() -> dict[str, Any]:
    """The answer key of the sample day."""
    key: dict[str, Any] = json.loads((SAMPLE / "key.json").read_text(encoding="utf-8"))
    return key


def _on(line: list[str], day: date) -> list[str]:
    """The line as another payment of another day."""
    return [str(uuid.uuid4()), f"{day} {line[1][11:]}", *line[2:]]


def _odd_lines(clean: list[list[str]]) -> list[list[str]]:
    """Lines in order, and between them some with markup, and with persons, in every field."""
    lines = [_on(line, BANK_DAY) for line in clean[-200:]]
    for number, name in enumerate(HEADER[1:]):
        lines[2 * number][HEADER.index(name)] = MARKUP
        if name in STRAY:
            lines[2 * number + 1][HEADER.index(name)] = STRAY[name]
    return lines


def _write(path: Path, lines: list[list[str]]) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *lines])
    return path
