"""The main job on the sample day: load its files, build, and sum the day up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from loaders import database, ledger
from loaders.errors import UnusableInputError, UserError
from loaders.load import LoadResult, load_file
from sluss import dbt
from sluss.build import BuildResult, build
from sluss.day import Day, day

SAMPLE_DAY = dbt.REPOSITORY / "data" / "sample_day"
BUSINESS_DATE = date(2025, 5, 19)


@dataclass(frozen=True)
class SampleFile:
    """A feed and its file; no path stands for the file that comes with the feed's reader."""

    feed: str
    path: Path | None = None
    business_date: date | None = None


# In the order of loading: first what transactions are looked up in.
FILES = (
    SampleFile("bank_customers", SAMPLE_DAY / "customers.csv", BUSINESS_DATE),
    SampleFile("fx_rates"),
    SampleFile("bank_transactions", SAMPLE_DAY / "transactions.csv", BUSINESS_DATE),
)


@dataclass(frozen=True)
class DemoResult:
    """What the demo loaded and built, and its day; no day if the build did not reach it."""

    loads: list[LoadResult]
    build: BuildResult
    day: Day | None

    @property
    def changed_nothing(self) -> bool:
        """True if every file was loaded before and the build had nothing to do."""
        return all(load.already_loaded for load in self.loads) and all(
            load.change == "unchanged" for load in self.build.loads
        )


def load_sample(
    on_message: Callable[[str], None], on_load: Callable[[LoadResult], None]
) -> list[LoadResult]:
    """Loads what is not loaded yet of the sample day; ``on_load`` is told of each file.

    Raises UserError if a file could not be loaded, UnusableInputError if the database holds
    somebody's own day.
    """
    _refuse_among_others()
    results = []
    for file in FILES:
        result = load_file(file.feed, file.path, file.business_date, on_message=on_message)
        if result.status != "loaded":
            raise UserError(f"{result.file_name} could not be loaded. {result.reason}")
        on_load(result)
        results.append(result)
    return results


def build_sample(
    loads: list[LoadResult],
    on_progress: dbt.Progress | None,
    on_message: Callable[[str], None],
) -> DemoResult:
    """Builds, and returns all that happened together with the day."""
    built = build(on_progress=on_progress, on_message=on_message)
    sample = next(load.load_id for load in loads if load.feed == "bank_transactions")
    is_built = any(load.load_id == sample and load.gate for load in built.loads)
    return DemoResult(loads, built, day(sample) if is_built else None)


def _refuse_among_others() -> None:
    """Raises UnusableInputError if the sample would come among a bank's own days.

    Its register would be in force for their later days, and hold them.
    """
    sample = {
        hashlib.sha256(file.path.read_bytes()).hexdigest(): file.feed
        for file in FILES
        if file.path is not None
    }
    with (
        database.connected(ledger.connect("sluss demo")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "select sha256, load_id from ops.loads where status = 'loaded' and feed = any (%s)",
            (list(sample.values()),),
        )
        loaded = dict(cursor.fetchall())
    others = sorted(load_id for sha256, load_id in loaded.items() if sha256 not in sample)
    if others and not sample.keys() <= loaded.keys():
        raise UnusableInputError(
            f"This database holds other days already (load {others[0]}), and the sample day's "
            "register of accounts would be used for them. Nothing was loaded. Give the demo a "
            "database of its own: `SLUSS_HOME=~/.sluss-demo make demo`, with DATABASE_URL and "
            "PGHOST unset."
        )
