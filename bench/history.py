"""`make bench`, its second part: what a day costs with more and more days behind it.

Loads and builds day after day into one database, all tests on, and prints what load and build of
some of the days took, as Markdown for docs/benchmarks.md; the plot goes to docs/day_cost.svg. Each
day is generated, measured and deleted, so the disk holds one file and the database.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg2
from measure import ROOT, machine, measure, program, run, say
from plot import draw

from loaders.database import dsn
from loaders.generators.bank import generate_bank

FIRST_DAY = date(2025, 5, 19)
SHOWN = (1, 2, 3, 10, 20, 30)
PLOT = ROOT / "docs" / "day_cost.svg"


@dataclass(frozen=True)
class Day:
    """What one day cost."""

    number: int
    load_seconds: float
    build_seconds: float
    database_bytes: int
    input_bytes: int

    @property
    def seconds(self) -> float:
        return self.load_seconds + self.build_seconds


def main() -> None:
    arguments = _arguments()
    home = Path(tempfile.mkdtemp(prefix="sluss-bench-"))
    os.environ["SLUSS_HOME"] = str(home)
    for name in ("DATABASE_URL", "PGHOST", "PGDATABASE"):
        os.environ.pop(name, None)
    try:
        days = _days(arguments.rows, arguments.days, home)
        print(_report(days, arguments.rows))
        draw(
            arguments.plot,
            f"A day of {arguments.rows:,} lines with history behind it",
            "days in the database",
            "seconds",
            {
                "load + build": [(day.number, day.seconds) for day in days],
                "build": [(day.number, day.build_seconds) for day in days],
                "load": [(day.number, day.load_seconds) for day in days],
            },
        )
        say(f"the plot is {arguments.plot}")
    finally:
        run("sluss", "down", check=False)
        shutil.rmtree(home, ignore_errors=True)


def _days(rows: int, count: int, home: Path) -> list[Day]:
    """Loads and builds one day after the other, and returns those that are shown."""
    run("sluss", "up")
    run("sluss", "load", "fx_rates")
    folder = home / "day"
    taken_in = 0
    shown = []
    for number in range(1, count + 1):
        day = FIRST_DAY + timedelta(days=number - 1)
        # One seed: one bank, so every day has the accounts of the one register.
        generate_bank(rows, 1, folder, day=day)
        if number == 1:
            register = str(folder / "customers.csv")
            run("sluss", "load", "bank_customers", register, "--business-date", str(day))
            # The project is parsed once after an update, not every night.
            run("sluss", "build", "stg_bank__transactions")
        file = folder / "transactions.csv"
        taken_in += file.stat().st_size
        loaded = measure(
            [
                program("sluss"),
                "load",
                "bank_transactions",
                str(file),
                "--business-date",
                str(day),
                "--json",
            ]
        )
        (result,) = json.loads(loaded.output)
        shutil.rmtree(folder)
        built = measure([program("sluss"), "build"])
        one = Day(number, result["seconds"], built.seconds, _database_bytes(), taken_in)
        say(f"day {number}: load {one.load_seconds:.1f} s, build {one.build_seconds:.1f} s")
        if number in SHOWN or number == count:
            shown.append(one)
    return shown


def _report(days: list[Day], rows: int) -> str:
    second = next((day.seconds for day in days if day.number == 2), days[0].seconds)
    lines = [
        f"{date.today()}, {machine()}; days of {rows:,} lines, all tests on.",
        "",
        "| day | load s | build s | load + build s | x day 2 | database, x input |",
        "|---|---|---|---|---|---|",
    ]
    for day in days:
        lines.append(
            f"| {day.number} | {day.load_seconds:.2f} | {day.build_seconds:.2f} "
            f"| {day.seconds:.2f} | {day.seconds / second:.2f} "
            f"| {day.database_bytes / day.input_bytes:.2f} |"
        )
    return "\n".join(lines)


def _database_bytes() -> int:
    with psycopg2.connect(dsn()) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_database_size(current_database())")
        (size,) = cursor.fetchone() or (0,)
    connection.close()
    return int(size)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="lines a day")
    parser.add_argument("--days", type=int, default=max(SHOWN))
    parser.add_argument("--plot", type=Path, default=PLOT)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
