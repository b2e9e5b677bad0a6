"""What the benchmarks share: how a command is measured, and the words for the machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from loaders.contract import load_contract
from loaders.database import dsn

ROOT = Path(__file__).resolve().parent.parent

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


def measure(command: list[str], ok: tuple[int, ...] = (0,)) -> Run:
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
        if done.returncode not in ok:
            sys.exit(f"{' '.join(command)} failed:\n{text}")
        return Run(seconds, int(peak.read()) / 1024, text)


def run(name: str, *arguments: str, check: bool = True) -> None:
    """Runs a program of the environment without showing what it says."""
    subprocess.run([program(name), *arguments], cwd=ROOT, check=check, stdout=subprocess.DEVNULL)


def program(name: str) -> str:
    """Returns the path of a program that is installed beside the interpreter."""
    return str(Path(sys.executable).parent / name)


def bare_copy(feed: str, path: Path) -> float:
    """Returns the seconds of one COPY of the untouched file into a new table of text columns."""
    columns = ", ".join(f'"{column.name}" text' for column in load_contract(feed).columns)
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


def without_malformed_lines(day: Path) -> Path:
    """Writes the day without the malformed lines that bare COPY stops at; returns the file."""
    key = json.loads((day / "key.json").read_text())
    malformed = {entry["line_no"] for entry in key["lines"] if entry["outcome"] == "malformed"}
    path = day / "wellformed.csv"
    with (day / "transactions.csv").open("rb") as source, path.open("wb") as target:
        for number, line in enumerate(source, start=1):
            if number not in malformed and line.strip():
                target.write(line)
    return path


def machine() -> str:
    """Returns what the figures belong to, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {python}"


def say(text: str) -> None:
    """Tells whoever waits how far it is; the report is on standard output."""
    print(text, file=sys.stderr, flush=True)


def slowest_nodes(target: Path) -> str:
    """Returns the nodes that took longest in a target folder's last build; two run at a time."""
    found = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
    nodes = sorted(found["results"], key=lambda each: -each["execution_time"])[:8]
    return ", ".join(
        f"{each['unique_id'].split('.')[2]} {each['execution_time']:.1f}" for each in nodes
    )
