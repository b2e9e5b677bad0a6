"""`make bench`: what a day of a million lines costs beside bare COPY of the file, in one sitting.

Prints Markdown for docs/benchmarks.md. Everything runs on an embedded server of its own, in a
temporary home that is removed afterwards. The machine should do nothing else meanwhile: what counts
are the ratios, and they are only as good as the quiet.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg2

from loaders.contract import load_contract
from loaders.database import dsn
from loaders.generators.bank import generate_bank

ROOT = Path(__file__).resolve().parent.parent
DAY = date(2025, 5, 19)
FEED = "bank_transactions"

# A process's peak memory begins with that of its maker, so a small one stands between.
WATCH = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode)
"""


@dataclass(frozen=True)
class Run:
    """One command: seconds on the wall clock, and the most memory it held, in MB."""

    seconds: float
    peak_mb: float
    output: str


def main() -> None:
    arguments = _arguments()
    home = Path(tempfile.mkdtemp(prefix="sluss-bench-"))
    os.environ["SLUSS_HOME"] = str(home)
    for name in ("DATABASE_URL", "PGHOST", "PGDATABASE"):
        os.environ.pop(name, None)
    try:
        print(_report(arguments.rows, arguments.repeat, home))
    finally:
        _run("sluss", "down", check=False)
        shutil.rmtree(home, ignore_errors=True)


def _report(rows: int, repeat: int, home: Path) -> str:
    _say(f"generating {rows:,} lines")
    generate_bank(rows, 1, home / "day", day=DAY)
    whole = home / "day" / "transactions.csv"
    wellformed = _without_malformed_lines(home / "day")
    interpreter = _measure([sys.executable, "-c", "pass"]).peak_mb

    bare, loads = [], []
    for number in range(1, repeat + 1):
        _say(f"bare COPY and load, {number} of {repeat}")
        os.environ["PGDATABASE"] = f"bench_{number}"
        _run("sluss", "up")
        bare.append(_bare_copy(wellformed))
        loads.append(_load(wellformed))
    with_malformed = _in_new_database("bench_malformed", lambda: _load(whole))

    _say("load and build")
    os.environ["PGDATABASE"] = "bench_build"
    _run("sluss", "up")
    _run(
        "sluss",
        "load",
        "bank_customers",
        str(home / "day" / "customers.csv"),
        "--business-date",
        str(DAY),
    )
    _run("sluss", "load", "fx_rates")
    # The project is parsed once after an update, not every night.
    _run("sluss", "build", "stg_bank__transactions")
    day_load = _load(whole)
    build = _measure([_program("sluss"), "build"])
    disk = _disk_bytes()
    again = _measure([_program("sluss"), "build"])

    floor = statistics.median(bare)
    load = statistics.median(run.seconds for run in loads)
    rows_out = [
        ("bare COPY into text columns, median", floor, None),
        ("`sluss load`, median", load, max(run.peak_mb for run in loads) - interpreter),
        (
            "`sluss load`, file with malformed lines",
            with_malformed.seconds,
            with_malformed.peak_mb - interpreter,
        ),
        ("`sluss build`, all tests, empty database", build.seconds, None),
        ("load + build", day_load.seconds + build.seconds, None),
        ("`sluss build` with nothing new", again.seconds, None),
    ]
    lines = [
        f"{date.today()}, {_machine()}; {_lines(wellformed):,} lines, "
        f"{wellformed.stat().st_size / 1e6:.0f} MB; {repeat} rounds of COPY and load.",
        "",
        "| what | s | x bare COPY | lines/s | MB above a bare interpreter |",
        "|---|---|---|---|---|",
    ]
    for name, seconds, memory in rows_out:
        lines.append(
            f"| {name} | {seconds:.2f} | {seconds / floor:.2f} | {rows / seconds:,.0f} "
            f"| {'' if memory is None else f'{memory:.0f}'} |"
        )
    size = whole.stat().st_size
    lines += [
        "",
        "Disk, in bytes of the input file:",
        "",
        "| schema | MB | x input |",
        "|---|---|---|",
    ]
    for schema, byte_count in disk:
        lines.append(f"| {schema} | {byte_count / 1e6:.0f} | {byte_count / size:.2f} |")
    return "\n".join(lines)


def _bare_copy(path: Path) -> float:
    """Returns the seconds of one COPY of the untouched file into a new table of text columns."""
    columns = ", ".join(f'"{column.name}" text' for column in load_contract(FEED).columns)
    with (
        psycopg2.connect(dsn()) as connection,
        connection.cursor() as cursor,
        path.open("rb") as file,
    ):
        cursor.execute("drop table if exists public.bare_copy")
        cursor.execute(f"create table public.bare_copy ({columns})")
        connection.commit()
        started = time.perf_counter()
        cursor.copy_expert(
            "copy public.bare_copy from stdin (format csv, header)", file, size=64 * 1024
        )
        connection.commit()
        seconds = time.perf_counter() - started
        cursor.execute("drop table public.bare_copy")
    connection.close()
    return seconds


def _load(path: Path) -> Run:
    """Returns what `sluss load` of ``path`` took, as the command itself reports its seconds."""
    run = _measure(
        [_program("sluss"), "load", FEED, str(path), "--business-date", str(DAY), "--json"]
    )
    result = json.loads(run.output)
    result = result[0] if isinstance(result, list) else result
    return Run(result["seconds"], run.peak_mb, run.output)


def _in_new_database(name: str, measure: Callable[[], Run]) -> Run:
    os.environ["PGDATABASE"] = name
    _run("sluss", "up")
    return measure()


def _without_malformed_lines(day: Path) -> Path:
    """Writes the day without the malformed lines that bare COPY stops at; returns the file."""
    key = json.loads((day / "key.json").read_text())
    malformed = {entry["line_no"] for entry in key["lines"] if entry["outcome"] == "malformed"}
    path = day / "wellformed.csv"
    with (day / "transactions.csv").open("rb") as source, path.open("wb") as target:
        for number, line in enumerate(source, start=1):
            if number not in malformed and line.strip():
                target.write(line)
    return path


def _disk_bytes() -> list[tuple[str, int]]:
    with psycopg2.connect(dsn()) as connection, connection.cursor() as cursor:
        cursor.execute(
            """
            select namespace.nspname, sum(pg_total_relation_size(class.oid))::bigint
            from pg_class as class
            inner join pg_namespace as namespace on class.relnamespace = namespace.oid
            where class.relkind = 'r'
                and namespace.nspname = any(array['staging', 'intermediate', 'marts', 'ops'])
            group by namespace.nspname
            order by 2 desc
            """
        )
        return [(str(schema), int(size)) for schema, size in cursor.fetchall()]


def _measure(command: list[str]) -> Run:
    """Runs ``command`` and returns its time and peak memory; ends with its output if it fails."""
    with tempfile.NamedTemporaryFile() as peak, tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", WATCH, peak.name, *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
        seconds = time.perf_counter() - started
        output.seek(0)
        text = output.read().decode()
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{text}")
        return Run(seconds, int(peak.read()) / 1024, text)


def _run(program: str, *arguments: str, check: bool = True) -> None:
    subprocess.run(
        [_program(program), *arguments], cwd=ROOT, check=check, stdout=subprocess.DEVNULL
    )


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {python}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5, help="rounds of bare COPY and load")
    return parser.parse_args()


if __name__ == "__main__":
    main()
