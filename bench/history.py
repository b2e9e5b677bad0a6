"""`make bench`, its second part: what a day costs with more and more days behind it.

Loads and builds day after day into one database, all tests on, and prints what load and build of
some of the days took, as Markdown for docs/benchmarks.md; the plot goes to docs/day_cost.svg. The
days between are loaded one by one and built together, which spares half of the sitting and leaves
the same database.

Between two nights lie hours: autovacuum ends its work, what was written is on the disk, and data
tests no longer look at what was written the night before. Here autovacuum is waited for, a
checkpoint is made, and a build is told when its night began.

A sitting takes long, and a shared machine is not as fast at its end as at its beginning: bare COPY
of the first day, before each day and after it, is the yardstick.

The first day is generated; the others are the same lines with other ids and dates, so the days are
equally hard, and what waits for its day is there on each of them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg2
from measure import (
    ROOT,
    bare_copy,
    machine,
    measure,
    program,
    run,
    say,
    slowest_nodes,
    without_malformed_lines,
)
from plot import Points, draw

from loaders.database import dsn
from loaders.generators.bank import generate_bank

FIRST_DAY = date(2025, 5, 19)
SHOWN = (1, 2, 3, 10, 20, 30)
LONGEST_VACUUM_SECONDS = 600
PLOT = ROOT / "docs" / "day_cost.svg"


@dataclass(frozen=True)
class Day:
    """What one day cost."""

    number: int
    load_seconds: float
    build_seconds: float
    copy_seconds: float
    # A build that finds nothing new; None where detection is left out of the sitting.
    idle_seconds: float | None
    detection_seconds: float | None
    database_bytes: int
    input_bytes: int

    @property
    def seconds(self) -> float:
        return self.load_seconds + self.build_seconds

    @property
    def copies(self) -> float:
        """Load and build in bare COPYs of a day's file."""
        return self.seconds / self.copy_seconds

    @property
    def detection_alone(self) -> float | None:
        """Seconds of detection, without what any build takes."""
        if self.detection_seconds is None or self.idle_seconds is None:
            return None
        return self.detection_seconds - self.idle_seconds


def main() -> None:
    arguments = _arguments()
    home = Path(tempfile.mkdtemp(prefix="sluss-bench-"))
    os.environ["SLUSS_HOME"] = str(home)
    for name in ("DATABASE_URL", "PGHOST", "PGDATABASE", "PGOPTIONS", "SLUSS_DETECTION"):
        os.environ.pop(name, None)
    try:
        days = _days(arguments.rows, arguments.days, home, not arguments.without_detection)
        print(_report(days, arguments.rows))
        lines: dict[str, Points] = {
            "load + build": [(day.number, day.seconds) for day in days],
            "build": [(day.number, day.build_seconds) for day in days],
            "load": [(day.number, day.load_seconds) for day in days],
            "bare COPY": [(day.number, day.copy_seconds) for day in days],
        }
        if not arguments.without_detection:
            lines["detection"] = [(day.number, day.detection_alone or 0) for day in days]
        title = f"A day of {arguments.rows:,} lines with history behind it"
        draw(arguments.plot, title, "days in the database", "seconds", lines)
        say(f"the plot is {arguments.plot}")
    finally:
        run("sluss", "down", check=False)
        shutil.rmtree(home, ignore_errors=True)


def _days(rows: int, count: int, home: Path, is_detecting: bool) -> list[Day]:
    """Loads one day after the other, and returns those that are shown and built by themselves."""
    run("sluss", "up")
    run("sluss", "load", "fx_rates")
    # One seed: one bank, so every day has the accounts of the one register.
    generate_bank(rows, 1, home / "first", day=FIRST_DAY)
    first = home / "first" / "transactions.csv"
    yardstick = without_malformed_lines(home / "first")
    register = str(home / "first" / "customers.csv")
    run("sluss", "load", "bank_customers", register, "--business-date", str(FIRST_DAY))
    # The project is parsed once after an update, not every night.
    run("sluss", "build", "stg_bank__transactions")
    os.environ["SLUSS_DETECTION"] = "on" if is_detecting else "off"
    taken_in = 0
    shown: list[Day] = []
    for number in range(1, count + 1):
        is_shown = number in SHOWN or number == count
        file = first if number == 1 else _redated(first, home / "day.csv", number - 1)
        day = str(FIRST_DAY + timedelta(days=number - 1))
        taken_in += file.stat().st_size
        load = [program("sluss"), "load", "bank_transactions", str(file), "--business-date", day]
        if is_shown and shown and number > shown[-1].number + 1:
            run("sluss", "build")
            _let_a_day_pass()
        before = _bare_copy(yardstick) if is_shown else 0
        loaded = measure([*load, "--json"])
        if not is_shown:
            continue
        (result,) = json.loads(loaded.output)
        os.environ["SLUSS_DETECTION"] = "off"
        built = measure([program("sluss"), "build"]).seconds
        copied = (before + _bare_copy(yardstick)) / 2
        size = _database_bytes()
        idle = detected = None
        if is_detecting:
            # Detection by itself: by a build that has nothing else to do, less what such a build
            # takes without it.
            idle = measure([program("sluss"), "build"]).seconds
            os.environ["SLUSS_DETECTION"] = "on"
            detected = measure([program("sluss"), "build"]).seconds
            say(f"slowest of detection: {slowest_nodes(home / 'dbt' / 'target')}")
        shown.append(Day(number, result["seconds"], built, copied, idle, detected, size, taken_in))
        say(_row(shown[-1], shown))
        _let_a_day_pass()
    return shown


def _bare_copy(file: Path) -> float:
    """Returns the seconds of bare COPY just now, the mean of three."""
    return statistics.mean(bare_copy("bank_transactions", file) for _ in range(3))


def _let_a_day_pass() -> None:
    """Lets autovacuum come to an end, and the disk; what comes next is of another night."""
    until = time.monotonic() + LONGEST_VACUUM_SECONDS
    # It looks for work every few seconds or so: two looks without any are the end.
    idle = 0
    while idle < 2 and time.monotonic() < until:
        time.sleep(5)
        idle = 0 if _is_vacuuming() else idle + 1
    _checkpoint()
    # Read by the macro lately().
    now = datetime.now(UTC).isoformat(timespec="seconds")
    os.environ["PGOPTIONS"] = f"-c sluss.written_since={now}"


def _checkpoint() -> None:
    with closing(psycopg2.connect(dsn())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("checkpoint")


def _is_vacuuming() -> bool:
    with closing(psycopg2.connect(dsn())) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_stat_activity where backend_type = 'autovacuum worker')"
        )
        (found,) = cursor.fetchone() or (False,)
    return bool(found)


# However an id is written, and a day: of both, the generator writes some in odd ways.
ID = re.compile(rb"\A([^0-9a-fA-F,]*)([0-9a-fA-F]{8})")
DAY = re.compile(rb"\b20\d\d-\d\d-\d\d\b")


def _redated(source: Path, target: Path, days: int) -> Path:
    """Writes the lines of ``source`` with other ids, and with dates ``days`` later where they are
    written plainly: a line that stayed the same would be one more duplicate on each day."""
    mask = days * 0x9E3779B1 & 0xFFFFFFFF
    later: dict[bytes, bytes] = {}

    def other(found: re.Match[bytes]) -> bytes:
        start = b"%08x" % (int(found[2], 16) ^ mask)
        return found[1] + (start.upper() if found[2].isupper() else start)

    def moved(found: re.Match[bytes]) -> bytes:
        day = found[0]
        if day not in later:
            try:
                date_later = date.fromisoformat(day.decode("ascii")) + timedelta(days=days)
                later[day] = date_later.isoformat().encode("ascii")
            except ValueError:
                later[day] = day
        return later[day]

    with source.open("rb") as lines, target.open("wb") as out:
        out.write(lines.readline())
        for line in lines:
            out.write(DAY.sub(moved, ID.sub(other, line, count=1), count=1))
    return target


def _report(days: list[Day], rows: int) -> str:
    lines = [
        f"{date.today()}, {machine()}; days of {rows:,} lines, all tests on.",
        "",
        "| day | load s | build s | load + build s | x day 2 | bare COPY s "
        "| load + build, x bare COPY | x day 2 | database, x input "
        "| build with nothing new s | the same with detection s | detection adds |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(day, days) for day in days)])


def _row(day: Day, days: list[Day]) -> str:
    second = next((each for each in days if each.number == 2), days[0])
    cells = [
        str(day.number),
        *(f"{seconds:.2f}" for seconds in (day.load_seconds, day.build_seconds, day.seconds)),
        f"{day.seconds / second.seconds:.2f}",
        f"{day.copy_seconds:.2f}",
        f"{day.copies:.1f}",
        f"{day.copies / second.copies:.2f}",
        f"{day.database_bytes / day.input_bytes:.2f}",
        *(
            "" if seconds is None else f"{seconds:.2f}"
            for seconds in (day.idle_seconds, day.detection_seconds)
        ),
        "" if day.detection_alone is None else f"{day.detection_alone / day.build_seconds:.0%}",
    ]
    return f"| {' | '.join(cells)} |"


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
    parser.add_argument(
        "--without-detection", action="store_true", help="load and build alone, in half the time"
    )
    parser.add_argument("--plot", type=Path, default=PLOT)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
