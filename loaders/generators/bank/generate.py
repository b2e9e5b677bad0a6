"""Generates one day of the bank feed: the register, the transactions, and the answer key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

from loaders.errors import UnusableInputError
from loaders.generators.bank.answer_key import KeyWriter
from loaders.generators.bank.day import DayWriter, GeneratedDay
from loaders.generators.bank.lines import LineMaker
from loaders.generators.bank.register import make_parties, make_register
from loaders.generators.output import written_files

# A fixed day, so that the same command gives the same bytes on any day.
DEFAULT_BUSINESS_DATE = date(2025, 5, 19)
FILE_NAMES = ("customers.csv", "transactions.csv", "key.json")


def default_accounts(rows: int) -> int:
    """Returns how many accounts go with a day of ``rows`` records: a tenth, 50 to 25,000."""
    return min(25_000, max(50, rows // 10))


def generate_bank(
    rows: int,
    seed: int,
    out: Path,
    day: date = DEFAULT_BUSINESS_DATE,
    accounts: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> GeneratedDay:
    """Writes customers.csv, transactions.csv and key.json into ``out`` (created if missing).

    ``rows`` is the number of records in transactions.csv: the header and blank lines are not
    counted, a malformed line is one record, and so is a record whose quoted note spans several
    physical lines. It is the ``line_count`` of the load. The three files depend on rows, seed, day
    and accounts only; the register depends on seed and accounts only, so days of the same seed
    share it. ``progress`` is called with the number of records written so far. Memory does not grow
    with ``rows``.

    Raises UnusableInputError for arguments out of range, or if ``out`` holds files of these names
    that no generator wrote. An interrupted run leaves no file half written.
    """
    if accounts is None:
        accounts = default_accounts(rows)
    _check(rows, seed, day, accounts)
    register, numbers = make_register(seed, accounts)
    parties = make_parties(seed, max(200, accounts // 2))
    # Every argument takes part: two days of one seed must not repeat each other's transaction ids.
    stream = ((seed << 96) + (accounts << 64) + (rows << 24) + day.toordinal()) * 4 + 2
    maker = LineMaker(Random(stream), day, numbers, parties)
    about: dict[str, object] = {
        "rows": rows,
        "seed": seed,
        "business_date": day.isoformat(),
        "accounts": accounts,
    }

    with written_files(out, FILE_NAMES) as (register_file, lines_file, key_file):
        register_file.write_text(register, encoding="utf-8", newline="\n")
        with (
            lines_file.open("wb") as lines,
            key_file.open("w", encoding="ascii", newline="\n") as key,
        ):
            result = DayWriter(maker, lines, KeyWriter(key, about)).write(rows, progress)
    return result


def _check(rows: int, seed: int, day: date, accounts: int) -> None:
    if rows < 1:
        raise UnusableInputError(f"--rows is {rows}: a day has at least 1 line")
    if seed < 0:
        raise UnusableInputError(f"--seed is {seed}: give a whole number from 0 up")
    if not 2 <= accounts <= 1_000_000:
        raise UnusableInputError(f"--accounts is {accounts}: give a number from 2 to 1,000,000")
    if not 2013 <= day.year <= 2099:
        # Lines reach three years back; before 2010 the ECB lacks some of the currencies used.
        raise UnusableInputError(f"--day is {day}: give a day from 2013-01-01 to 2099-12-31")
