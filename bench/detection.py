"""`make bench-aml`, its second part: what detection costs of a day, and what it finds in it.

Days with planted patterns are loaded one after the other. Of each, the build without detection and
the build of detection alone are measured, all tests on: seconds on the wall clock, and seconds of
processor time of dbt and of the server, which other work on the machine makes no longer. In the end
the answer key says which attempts were found, whole, and which alerts are about none.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg2
from measure import ROOT, machine, measure, program, run, say, slowest_nodes

from loaders.database import dsn
from loaders.generators.bank import generate_bank_days
from loaders.generators.bank.patterns import DEFAULT_ATTEMPTS
from sluss.idle import DETECTION, selection
from sluss.settings import Home

FIRST_DAY = date(2025, 5, 19)
BUILD = (
    "build",
    "--project-dir",
    str(ROOT / "dbt_project"),
    "--exclude-resource-type",
    "unit_test",
)
# Which rule finds which pattern.
RULE_OF = {
    "burst": "velocity_burst",
    "smurfing": "smurfing",
    "chain": "layering_chain",
    "cycle": "round_trip",
    "structuring": "structuring_10000",
    "pass_through": "rapid_movement",
    "dormant": "dormant_reactivated",
}


@dataclass(frozen=True)
class Cost:
    """What a build cost: wall clock, and processor time of dbt and of the server, in seconds."""

    seconds: float
    dbt: float
    server: float


def main() -> None:
    arguments = _arguments()
    home = Path(tempfile.mkdtemp(prefix="sluss-bench-"))
    os.environ["SLUSS_HOME"] = str(home)
    for name in ("DATABASE_URL", "PGHOST", "PGDATABASE"):
        os.environ.pop(name, None)
    try:
        folder = home / "days"
        say(f"generating {arguments.days} days of {arguments.rows:,} lines")
        made = generate_bank_days(
            arguments.rows, 1, folder, arguments.days, DEFAULT_ATTEMPTS, FIRST_DAY
        )
        places = [
            folder if arguments.days == 1 else folder / each.business_date.isoformat()
            for each in made
        ]
        costs = _costs(places, [each.business_date for each in made])
        slowest = slowest_nodes(ROOT / "dbt_project" / "target")
        # What detection would not cost, were it built together with the rest.
        start = _cost("--select", "stg_bank__transactions")
        print(f"{date.today()}, {machine()}; days of {arguments.rows:,} lines, all tests on.\n")
        print(_cost_table(costs, start))
        print(f"\nOf detection on the last day, in seconds: {slowest}.\n")
        print(_found_table(places))
        print()
        print(_reading_time())
    finally:
        run("sluss", "down", check=False)
        shutil.rmtree(home, ignore_errors=True)


def _costs(places: list[Path], days: list[date]) -> list[tuple[Cost, Cost]]:
    run("sluss", "up")
    run("sluss", "load", "fx_rates")
    register = str(places[0] / "customers.csv")
    run("sluss", "load", "bank_customers", register, "--business-date", str(days[0]))
    # The project is parsed, and the tables are made, once.
    run("dbt", *BUILD, "test")
    costs = []
    detection = selection(DETECTION)
    for place, day in zip(places, days, strict=True):
        file = str(place / "transactions.csv")
        run("sluss", "load", "bank_transactions", file, "--business-date", str(day))
        costs.append((_cost("--exclude", *detection), _cost("--select", *detection)))
        say(f"{day}: {costs[-1]}")
    return costs


def _cost(*selection: str) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN), _server_seconds()
    done = measure([program("dbt"), *BUILD, *selection])
    # Its last connection ends a moment after dbt.
    time.sleep(1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN), _server_seconds()
    dbt = (after[0].ru_utime + after[0].ru_stime) - (before[0].ru_utime + before[0].ru_stime)
    return Cost(done.seconds, dbt, after[1] - before[1])


def _server_seconds() -> float:
    """Processor time of the embedded server and of all its processes, past and present."""
    pid_file = Home(Path(os.environ["SLUSS_HOME"])).data_directory / "postmaster.pid"
    server = pid_file.read_text().split()[0]
    ticks = sum(map(int, _stat(server)[11:15]))
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                fields = _stat(each.name)
            except OSError:
                continue
            if fields[1] == server:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: str) -> list[str]:
    return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()


def _cost_table(costs: list[tuple[Cost, Cost]], start: Cost) -> str:
    lines = [
        "| day | without detection s | detection s | processor s without | of detection | more |",
        "|---|---|---|---|---|---|",
    ]
    once = start.dbt + start.server
    for number, (plain, detection) in enumerate(costs, start=1):
        without = plain.dbt + plain.server
        extra = detection.dbt + detection.server - once
        lines.append(
            f"| {number} | {plain.seconds:.1f} | {detection.seconds - start.seconds:.1f} "
            f"| {without:.1f} | {extra:.1f} | {extra / without:.0%} |"
        )
    lines.append(
        f"\nThe start of dbt ({start.seconds:.1f} s, {once:.1f} s of processor) is in the columns "
        "without detection alone."
    )
    return "\n".join(lines)


def _found_table(places: list[Path]) -> str:
    attempts: dict[str, set[str]] = defaultdict(set)
    for place in places:
        key = json.loads((place / "key.json").read_text(encoding="utf-8"))
        for line in key["planted"]:
            if line["role"] != "before":
                attempts[line["attempt"]].add(line["transaction_id"])
    evidence: dict[tuple[str, str], set[str]] = defaultdict(set)
    with closing(psycopg2.connect(dsn())) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select rule_id, alert_id, transaction_id::text from marts.bridge_alert_transactions"
        )
        for rule_id, alert_id, transaction_id in cursor:
            evidence[rule_id, alert_id].add(transaction_id)
    planted = set().union(*attempts.values())
    lines = ["| pattern | attempts found whole | alerts | about none |", "|---|---|---|---|"]
    for pattern, rule in RULE_OF.items():
        wanted = [ids for name, ids in attempts.items() if name.startswith(f"{pattern}-")]
        alerts = [ids for (rule_id, _), ids in evidence.items() if rule_id == rule]
        found = sum(any(each >= ids for each in alerts) for ids in wanted)
        none = sum(not each & planted for each in alerts)
        lines.append(f"| {pattern} | {found} of {len(wanted)} | {len(alerts)} | {none} |")
    return "\n".join(lines)


def _reading_time(count: int = 200) -> str:
    """Returns how long it takes to read the payments of an alert, each held against its account."""
    found = []
    with closing(psycopg2.connect(dsn())) as connection, connection.cursor() as cursor:
        cursor.execute("select alert_id from marts.fct_alerts order by alert_id")
        alerts = [alert_id for (alert_id,) in cursor]
        for alert_id in random.Random(1).sample(alerts, min(count, len(alerts))):
            started = time.perf_counter()
            cursor.execute(
                "select * from marts.rpt_alert_transactions where alert_id = %s", (alert_id,)
            )
            payments = len(cursor.fetchall())
            found.append((time.perf_counter() - started, payments))
    found.sort()
    seconds, payments = found[-1]
    return (
        f"The payments of an alert with their points and their account's past, {len(found)} random "
        f"alerts: median {found[len(found) // 2][0] * 1000:.0f} ms, slowest {seconds * 1000:.0f} "
        f"ms, with {payments} payments."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="normal lines of a day")
    parser.add_argument("--days", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
