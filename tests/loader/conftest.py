"""Small files in the bank's format, and what the loader makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import sql

from loaders import database as db
from loaders.contract import Contract
from loaders.load import LoadResult, load_file
from tests.cdm import write_stretch

HEADER = (
    "transaction_id,timestamp,amount,currency,sender_account,receiver_account,sender_country,"
    "sender_municipality,receiver_country,receiver_municipality,transaction_type,notes"
)
DAY = date(2025, 5, 19)


def line(number: int, note: str = "Rent", **changed: str) -> str:
    """Returns a good transaction line; ``note`` is written as it stands, quotes and all."""
    fields = {
        "transaction_id": f"00000000-0000-4000-8000-{number:012d}",
        "timestamp": "2025-05-19 10:00:00",
        "amount": f"{number}.00",
        "currency": "SEK",
        "sender_account": "SE8902ABCD12345678901234",
        "receiver_account": "SE8902EFGH12345678901234",
        "sender_country": "Sweden",
        "sender_municipality": "Malmö",
        "receiver_country": "Sweden",
        "receiver_municipality": "Örebro",
        "transaction_type": "outgoing",
        "notes": note,
    }
    fields.update(changed)
    return ",".join(fields.values())


def text(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    """Returns a file's content: header and lines, each ended by ``end``, in UTF-8."""
    return "".join(one + end for one in (header, *lines)).encode()


def lines(count: int, start: int = 1) -> list[str]:
    """Returns ``count`` good lines, no two of them equal."""
    return [line(number) for number in range(start, start + count)]


@dataclass(frozen=True)
class Loaded:
    """A load's result, and what is in the database after it."""

    result: LoadResult
    rows: list[dict[str, Any]]
    malformed: dict[int, tuple[str, bytes]]

    @property
    def notes(self) -> list[tuple[int, str | None]]:
        """The line number and the note of every row."""
        return [(row["_line_no"], row["notes"]) for row in self.rows]


Load = Callable[..., Loaded]


def query(
    statement: str | sql.Composed, values: Sequence[Any] = (), role: str | None = None
) -> list[tuple[Any, ...]]:
    """Returns the rows of a statement, and commits it."""
    with closing(db.connect("sluss tests", role=role)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchall() if cursor.description else []
        connection.commit()
        return found


def rows_of(load_id: int, feed: str = "bank_transactions") -> list[dict[str, Any]]:
    """Returns the raw rows of a load as dictionaries, in the order of the file."""
    statement = sql.SQL(
        "select to_jsonb(r) from {} as r where _load_id = %s order by _line_no"
    ).format(sql.Identifier("staging", f"raw_{feed}"))
    found = query(statement, (load_id,), role="sluss_transformer")
    return [row for (row,) in found]


def malformed_of(load_id: int) -> dict[int, tuple[str, bytes]]:
    """Returns the reason and the raw bytes of every malformed line of a load, by line number."""
    found = query(
        "select line_no, reason, raw_line from ops.malformed_lines where load_id = %s", (load_id,)
    )
    return {line_no: (reason, bytes(raw)) for line_no, reason, raw in found}


@pytest.fixture
def load(module_database: object, tmp_path: Path) -> Load:
    """Returns ``load(content, name=…, feed=…, …)``: writes a file and loads it."""

    def run(
        content: bytes,
        name: str = "day.csv",
        feed: str = "bank_transactions",
        contract: Contract | None = None,
        **options: Any,
    ) -> Loaded:
        path = tmp_path / name
        path.write_bytes(content)
        result = load_file(contract or feed, path, **{"business_date": DAY, **options})
        return Loaded(result, rows_of(result.load_id, feed), malformed_of(result.load_id))

    return run


@pytest.fixture(scope="module")
def stretch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 24 days of a year: five answers of the first generation for each feed."""
    out = tmp_path_factory.mktemp("cash")
    write_stretch(out, seed=4, until="2025-01-24")
    return out
