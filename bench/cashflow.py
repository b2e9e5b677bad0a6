"""`make bench`: a year of the cashflow feed from files, beside bare COPY of them, in one sitting.

Prints Markdown for docs/benchmarks.md: generating, loading, building, and how long a company's
position in a random window takes to answer. Everything runs on an embedded server of its own, in a
temporary home that is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg2
from measure import Run, bare_copy, machine, measure, program, run, say, slowest_nodes

from loaders.database import dsn

DAY = date(2025, 12, 31)
FIRST = date(2025, 1, 1)
FILES = {
    "cashflow_companies": "companies.csv",
    "cashflow_rates": "rates.csv",
    "cashflow_sepa": "sepa.csv",
    "cashflow_swift": "swift.csv",
}


def main() -> None:
    arguments = _arguments()
    home = Path(tempfile.mkdtemp(prefix="sluss-bench-"))
    os.environ["SLUSS_HOME"] = str(home)
    for name in ("DATABASE_URL", "PGHOST", "PGDATABASE"):
        os.environ.pop(name, None)
    try:
        print(_report(home, arguments.size, arguments.repeat, arguments.questions))
    finally:
        run("sluss", "down", check=False)
        shutil.rmtree(home, ignore_errors=True)


def _report(home: Path, size: str, repeat: int, questions: int) -> str:
    say(f"generating: {size}")
    folder = home / "cash"
    generated = measure(
        [program("sluss"), "generate", "cashflow", "--size", size, "--out", str(folder)]
    )
    run("sluss", "up")
    # The project is parsed once after an update, not every night.
    run("sluss", "build", "stg_cashflow__swift")
    say("bare COPY")
    bare = statistics.median(
        sum(bare_copy(feed, folder / name) for feed, name in FILES.items()) for _ in range(repeat)
    )
    say("load and build")
    load = sum(_load(feed, folder / name).seconds for feed, name in FILES.items())
    build = measure([program("sluss"), "build"])
    slowest = slowest_nodes(home / "dbt" / "target")
    again = measure([program("sluss"), "build"])
    alone = measure([program("sluss"), "build", "+path:models/marts/cashflow"])
    say(f"{questions:,} questions")
    answers = _ask(questions)
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    differing = _differing(key)

    lines = sum(_lines(folder / name) for name in FILES.values())
    size_mb = sum((folder / name).stat().st_size for name in FILES.values()) / 1e6
    rows = [
        ("`sluss generate cashflow`", generated.seconds),
        ("bare COPY into text columns, median", bare),
        ("`sluss load`, four files", load),
        ("`sluss build`, all tests", build.seconds),
        ("load + build", load + build.seconds),
        ("`sluss build` with nothing new", again.seconds),
        ("of the feed's models alone, with nothing new", alone.seconds),
    ]
    out = [
        f"{date.today()}, {machine()}; {size}: {lines:,} lines, {size_mb:.0f} MB; "
        f"load average {os.getloadavg()[0]:.1f} at the end.",
        "",
        "| what | s | x bare COPY |",
        "|---|---|---|",
        *(f"| {name} | {seconds:.2f} | {seconds / bare:.2f} |" for name, seconds in rows),
        "",
        f"Of the build, in seconds: {slowest}.",
        "",
        f"A company's position in a window of 1 to 366 days, {questions:,} random questions on one "
        f"connection: median {statistics.median(answers):.1f} ms, 95th percentile "
        f"{_percentile(answers, 95):.1f} ms, slowest {max(answers):.1f} ms.",
        "",
        f"Balances of the quarters' ends that differ from the answer key: {differing} of "
        f"{sum(map(len, key['balances']['strict'].values())):,}.",
    ]
    return "\n".join(out)


def _load(feed: str, path: Path) -> Run:
    """Returns what `sluss load` of ``path`` took, as the command itself reports its seconds."""
    done = measure(
        [program("sluss"), "load", feed, str(path), "--business-date", str(DAY), "--json"]
    )
    result = json.loads(done.output)
    result = result[0] if isinstance(result, list) else result
    return Run(result["seconds"], done.peak_mb, done.output)


def _ask(questions: int) -> list[float]:
    """Returns the milliseconds of each question: a random company, a random window."""
    draw = random.Random(1)
    found = []
    with psycopg2.connect(dsn()) as connection, connection.cursor() as cursor:
        cursor.execute("set role sluss_reader")
        cursor.execute("select company_id from marts.dim_company order by company_id")
        companies = [company for (company,) in cursor.fetchall()]
        for _ in range(questions):
            first = FIRST + timedelta(days=draw.randrange(365))
            end = first + timedelta(days=draw.randint(1, 366))
            started = time.perf_counter()
            cursor.execute(
                "select * from marts.company_position(%s, %s, %s)",
                (draw.choice(companies), first, end),
            )
            cursor.fetchall()
            found.append((time.perf_counter() - started) * 1000)
    connection.close()
    return found


def _differing(key: dict[str, dict[str, dict[str, dict[str, dict[str, str]]]]]) -> int:
    """Returns how many balances at the quarters' ends are not those of the key."""
    balances = key["balances"]["strict"]
    with psycopg2.connect(dsn()) as connection, connection.cursor() as cursor:
        cursor.execute("set role sluss_reader")
        cursor.execute(
            "select cast(balance_date as text), cast(company_id as text), "
            "cast(closing_amount_eur as text), cast(closing_amount_usd as text) "
            "from marts.fct_company_balance_daily where balance_date = any (%s::date[])",
            (list(balances),),
        )
        found = {(day, company): sums for day, company, *sums in cursor.fetchall()}
    connection.close()
    return sum(
        found.get((day, company)) != [sums["eur"], sums["usd"]]
        for day, companies in balances.items()
        for company, sums in companies.items()
    )


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="medium", help="small, medium or large")
    parser.add_argument("--repeat", type=int, default=3, help="rounds of bare COPY")
    parser.add_argument("--questions", type=int, default=1_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
