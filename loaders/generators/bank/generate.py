"""Generates one day of the bank feed: the register, the transactions, and the answer key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random

from loaders.errors import UnusableInputError
from loaders.generators.bank.answer_key import KeyWriter
from loaders.generators.bank.day import DayWriter, GeneratedDay
from loaders.generators.bank.lines import LineMaker
from loaders.generators.bank.patterns import Payment, make_plan
from loaders.generators.bank.planted import PlantedLines
from loaders.generators.bank.register import Party, make_parties, make_register
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
    return _write_day(rows, seed, out, day, register, numbers, parties, progress)


def generate_bank_days(
    rows: int,
    seed: int,
    out: Path,
    days: int,
    plant: Mapping[str, int],
    day: date = DEFAULT_BUSINESS_DATE,
    accounts: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[GeneratedDay]:
    """Writes a run of days of the same bank, with suspicious patterns planted among their lines.

    ``plant`` is attempts by pattern (see :mod:`loaders.generators.bank.patterns`). A single day
    stands in ``out`` as :func:`generate_bank` writes it, several stand in a folder a day, named for
    the date. ``rows`` are the normal records of each day; planted ones come on top, and ``rows`` of
    the key counts both. The key of a day has one member more, ``planted``: for each planted line
    of this file line_no, transaction_id, pattern, attempt (the same in the keys of all days it
    spans), role and hop.

    Raises UnusableInputError as :func:`generate_bank` does, and where there are too few accounts
    for the attempts.
    """
    if accounts is None:
        accounts = default_accounts(rows)
    if not 1 <= days <= 400:
        raise UnusableInputError(f"--days is {days}: give a number from 1 to 400")
    _check(rows, seed, day, accounts)
    run = [day + timedelta(days=number) for number in range(days)]
    register, numbers = make_register(seed, accounts)
    parties = make_parties(seed, max(200, accounts // 2))
    plan = make_plan(
        Random(((seed << 32) + (accounts << 8) + days) * 4), plant, numbers, parties, run
    )
    normal = [number for number in numbers if number not in plan.quiet]
    if len(normal) < 2:
        raise UnusableInputError(
            "The planted attempts leave no accounts for normal lines: give more --accounts"
        )
    results = []
    for each in run:
        folder = out if days == 1 else out / each.isoformat()
        results.append(
            _write_day(rows, seed, folder, each, register, normal, parties, progress, plan.on(each))
        )
    return results


def _write_day(
    rows: int,
    seed: int,
    out: Path,
    day: date,
    register: str,
    numbers: list[str],
    parties: list[Party],
    progress: Callable[[int], None] | None,
    payments: tuple[Payment, ...] | None = None,
) -> GeneratedDay:
    """Writes one day's three files; ``numbers`` are the accounts of its normal lines."""
    accounts = register.count("\n") - 1
    # Every argument takes part: two days of one seed must not repeat each other's transaction ids.
    stream = ((seed << 96) + (accounts << 64) + (rows << 24) + day.toordinal()) * 4 + 2
    maker = LineMaker(Random(stream), day, numbers, parties)
    planted = None
    if payments is not None:
        planted = PlantedLines(Random((stream << 8) + 1), payments, rows)
    about: dict[str, object] = {
        "rows": rows + len(payments or ()),
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
            writer = DayWriter(maker, lines, KeyWriter(key, about), planted)
            result = writer.write(rows, progress)
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
