"""Generates a year of the cashflow feed: companies, rates, SEPA, SWIFT and the answer key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import UnusableInputError
from loaders.generators.cashflow.answer_key import Counts, KeyWriter
from loaders.generators.cashflow.balances import Balances
from loaders.generators.cashflow.calendar import FIRST_DATE, YEAR
from loaders.generators.cashflow.companies import make_register
from loaders.generators.cashflow.feed import FeedWriter
from loaders.generators.cashflow.rates import RATES_DATE, directed_rates, rates_text
from loaders.generators.output import written_files

FILE_NAMES = ("companies.csv", "rates.csv", "sepa.csv", "swift.csv", "key.json")


@dataclass(frozen=True)
class Size:
    """How much is generated. Lines are those of the files, without their header."""

    companies: int
    sepa: int
    swift: int


# Medium and large are the sizes of the real service; of its small one only the companies are known.
SIZES = {
    "small": Size(100, 1_000, 10_000),
    "medium": Size(1_000, 100_000, 1_000_000),
    "large": Size(10_000, 1_000_000, 10_000_000),
}

# Below, not every class of defect finds room.
_FEWEST_LINES = 100


@dataclass(frozen=True)
class GeneratedCashflow:
    """What was written: companies, and each feed's lines by what must become of them."""

    companies: int
    accounts: int
    counts: dict[str, Counts]


def generate_cashflow(
    size: str | Size,
    seed: int,
    out: Path,
    progress: Callable[[int], None] | None = None,
) -> GeneratedCashflow:
    """Writes companies.csv, rates.csv, sepa.csv, swift.csv and key.json into ``out``.

    ``size`` is a name of SIZES, or a size of one's own. The files depend on size and seed only.
    ``progress`` is called with the number of lines of sepa.csv and swift.csv written so far. Memory
    grows by a byte a line, and with the companies.

    Raises UnusableInputError for arguments out of range, or if ``out`` holds files of these names
    that no generator wrote. An interrupted run leaves no file half written.
    """
    name, wanted = _size(size)
    if seed < 0:
        raise UnusableInputError(f"--seed is {seed}: give a whole number from 0 up")
    register = make_register(seed, wanted.companies)
    balances = Balances(wanted.companies)
    about: dict[str, object] = {
        "size": name,
        "seed": seed,
        "companies": wanted.companies,
        "first_date": FIRST_DATE.isoformat(),
        "last_date": FIRST_DATE.replace(month=12, day=31).isoformat(),
        "rates_date": RATES_DATE.isoformat(),
        "rates": directed_rates(),
    }
    with written_files(out, FILE_NAMES) as (companies, rates, sepa, swift, key):
        companies.write_text(register.text, encoding="utf-8", newline="\n")
        rates.write_text(rates_text(), encoding="utf-8", newline="\n")
        with key.open("w", encoding="ascii", newline="\n") as key_stream:
            keys = KeyWriter(key_stream, about)
            before = 0
            for feed, path, lines in (
                ("sepa", sepa, wanted.sepa),
                ("swift", swift, wanted.swift),
            ):
                writer = FeedWriter(feed, seed, register, balances, keys)
                with path.open("w", encoding="ascii", newline="\n") as stream:
                    writer.write(lines, stream, _from(before, progress))
                before += lines
            keys.close(balances.at_quarter_ends(YEAR))
    return GeneratedCashflow(wanted.companies, len(register.accounts), keys.counts)


def _size(size: str | Size) -> tuple[str, Size]:
    if isinstance(size, Size):
        name, wanted = "custom", size
    elif size in SIZES:
        name, wanted = size, SIZES[size]
    else:
        raise UnusableInputError(f"--size is {size}: give one of {', '.join(SIZES)}")
    if wanted.companies < 2 or min(wanted.sepa, wanted.swift) < _FEWEST_LINES:
        raise UnusableInputError(
            f"{wanted} is too little: give at least 2 companies and {_FEWEST_LINES} lines a feed"
        )
    return name, wanted


def _from(before: int, progress: Callable[[int], None] | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda done: progress(before + done)
