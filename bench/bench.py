"""`make bench`: what a day of a million lines costs beside bare COPY of the file, in one sitting.

Prints Markdown for docs/benchmarks.md. Everything runs on an embedded server of its own, in a
temporary home that is removed afterwards. The machine should do nothing else meanwhile: what counts
are the ratios, and they are only as good as the quiet.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg2
from measure import (
    Run,
    bare_copy,
    machine,
    measure,
    program,
    run,
    say,
    without_malformed_lines,
)
from peers import PEERS

from loaders.database import dsn
from loaders.generators.bank import generate_bank

DAY = date(2025, 5, 19)
FEED = "bank_transactions"


def main() -> None:
    arguments = _arguments()
    home = Path(tempfile.mkdtemp(prefix="sluss-bench-"))
    os.environ["SLUSS_HOME"] = str(home)
    for name in ("DATABASE_URL", "PGHOST", "PGDATABASE"):
        os.environ.pop(name, None)
    try:
        print(_report(arguments.rows, arguments.repeat, home, arguments.peers))
    finally:
        run("sluss", "down", check=False)
        shutil.rmtree(home, ignore_errors=True)


def _report(rows: int, repeat: int, home: Path, with_peers: bool) -> str:
    say(f"generating {rows:,} lines")
    generate_bank(rows, 1, home / "day", day=DAY)
    whole = home / "day" / "transactions.csv"
    wellformed = without_malformed_lines(home / "day")
    interpreter = measure([sys.executable, "-c", "pass"]).peak_mb

    bare, loads = [], []
    for number in range(1, repeat + 1):
        say(f"bare COPY and load, {number} of {repeat}")
        os.environ["PGDATABASE"] = f"bench_{number}"
        run("sluss", "up")
        bare.append(bare_copy(FEED, wellformed))
        loads.append(_load(wellformed))
    with_malformed = _in_new_database("bench_malformed", lambda: _load(whole))

    say("load and build")
    os.environ["PGDATABASE"] = "bench_build"
    run("sluss", "up")
    run(
        "sluss",
        "load",
        "bank_customers",
        str(home / "day" / "customers.csv"),
        "--business-date",
        str(DAY),
    )
    run("sluss", "load", "fx_rates")
    # The project is parsed once after an update, not every night.
    run("sluss", "build", "stg_bank__transactions")
    day_load = _load(whole)
    build = measure([program("sluss"), "build"])
    disk = _disk_bytes()
    again = measure([program("sluss"), "build"])

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
        f"{date.today()}, {machine()}; {_lines(wellformed):,} lines, "
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
        "Disk, in each layer:",
        "",
        "| schema | MB | bytes a line | x input |",
        "|---|---|---|---|",
    ]
    for schema, byte_count in disk:
        lines.append(
            f"| {schema} | {byte_count / 1e6:.0f} | {byte_count / rows:.0f} "
            f"| {byte_count / size:.2f} |"
        )
    if with_peers:
        os.environ["PGDATABASE"] = "bench_peers"
        run("sluss", "up")
        lines += ["", *_peers(home / "day", wellformed, floor, interpreter)]
    return "\n".join(lines)


def _peers(day: Path, file: Path, floor: float, interpreter: float) -> list[str]:
    """Returns the table of what people would use instead, for the same file."""
    lines = [
        "What people would use instead. bench/peers.py says what each covers; the file is the one "
        "without malformed lines, at which all three stop.",
        "",
        "| what | s | x bare COPY | lines/s | MB above a bare interpreter | accepted lines |",
        "|---|---|---|---|---|---|",
    ]
    script = str(Path(__file__).with_name("peers.py"))
    for name, (title, _) in PEERS.items():
        say(title)
        done = measure(
            [sys.executable, script, name, str(file), str(day / "customers.csv"), str(DAY)]
        )
        found = json.loads(done.output.strip().splitlines()[-1])
        accepted = f"{found['accepted']:,}" if "accepted" in found else ""
        lines.append(
            f"| {title} | {done.seconds:.2f} | {done.seconds / floor:.2f} "
            f"| {found['lines'] / done.seconds:,.0f} | {done.peak_mb - interpreter:.0f} "
            f"| {accepted} |"
        )
    return lines


def _load(path: Path) -> Run:
    """Returns what `sluss load` of ``path`` took, as the command itself reports its seconds."""
    run = measure(
        [program("sluss"), "load", FEED, str(path), "--business-date", str(DAY), "--json"]
    )
    result = json.loads(run.output)
    result = result[0] if isinstance(result, list) else result
    return Run(result["seconds"], run.peak_mb, run.output)


def _in_new_database(name: str, measured: Callable[[], Run]) -> Run:
    os.environ["PGDATABASE"] = name
    run("sluss", "up")
    return measured()


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


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5, help="rounds of bare COPY and load")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
