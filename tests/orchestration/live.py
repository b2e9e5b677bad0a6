"""The real thing, as `make dev` starts it, and how to talk to it: files, GraphQL, the database."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg2
from psycopg2.extensions import make_dsn

from loaders.contract import feeds
from tests.conftest import REPOSITORY

# For a machine that does other things as well.
PATIENCE = 240.0

T = TypeVar("T")

_RUNS = """
query { runsOrError(limit: 50) { ... on Runs { results {
  runId jobName status startTime endTime tags { key value }
} } } }
"""

_READY = """
query {
  workspaceOrError { ... on Workspace { locationEntries {
    locationOrLoadError { __typename ... on PythonError { message } }
  } } }
  instance { daemonHealth { allDaemonStatuses { daemonType healthy required } } }
}
"""

_ASSET = """
query ($path: [String!]!) { assetOrError(assetKey: { path: $path }) { ... on Asset {
  assetMaterializations(limit: 20) { runId partition metadataEntries {
    label ... on IntMetadataEntry { intValue } ... on TextMetadataEntry { text }
    ... on UrlMetadataEntry { url }
  } }
} } }
"""


@dataclass
class Live:
    """Dagster's web server and daemon, `sluss site`, and a database of their own."""

    folder: Path
    dagster: str
    site: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def home(self) -> Path:
        return self.folder / "h"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def has_landing_folders(self) -> bool:
        """True once the first look of the sensor has made a folder for each feed."""
        return all((self.landing / feed).is_dir() for feed in feeds())

    def drop(self, feed: str, name: str, content: bytes, *, whole: bool = True) -> Path:
        """Puts a file into the landing folder, as its sender does."""
        path = self.landing / feed / name
        path.write_bytes(content)
        if whole:
            path.with_name(f"{name}.done").touch()
        return path

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Returns the data that GraphQL answers."""
        request = urllib.request.Request(
            f"{self.dagster}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            told = json.load(answer)
        assert "errors" not in told, told["errors"]
        data: dict[str, Any] = told["data"]
        return data

    def runs(self) -> list[dict[str, Any]]:
        """Every run, the newest first, its tags as a dictionary."""
        found = self.ask(_RUNS)["runsOrError"]["results"]
        for run in found:
            run["tags"] = {tag["key"]: tag["value"] for tag in run["tags"]}
        return list(found)

    def run_of(self, file: str) -> dict[str, Any] | None:
        """The newest run of a file, once it has ended."""
        for run in self.runs():
            if run["tags"].get("sluss/file") == file:
                return run if run["status"] in ("SUCCESS", "FAILURE") else None
        return None

    def wait(self, what: str, look: Callable[[], T | None]) -> T:
        """Returns what ``look`` finds, as soon as it finds something."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.process.poll() is None, f"it ended by itself.\n{self.tail()}"
            if found := look():
                return found
            time.sleep(0.3)
        raise AssertionError(f"waited in vain for {what}.\n{self.tail()}")

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-60:])

    def page(self, path: str) -> str | None:
        """A page of `sluss site`, None where there is none."""
        try:
            with urllib.request.urlopen(f"{self.site}/{path}", timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            return None

    def processes(self) -> list[psutil.Process]:
        """Everything that runs and has this home, but for the database server."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("SLUSS_HOME") == str(self.home):
                    found.append(process)
            except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return [one for one in found if not _is_postgres(one)]

    def stop(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        # Its children got the signal too, and have a moment to end by themselves.
        psutil.wait_procs(self.processes(), timeout=30)

    def notices(self) -> list[dict[str, Any]]:
        """What people were told, by the log."""
        log = self.home / "notifications.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, asked as any client would."""
        address = make_dsn(host=str(self.home / "socket"), user="postgres", dbname="sluss")
        with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def metadata(self, *path: str) -> list[dict[str, Any]]:
        """The materializations of an asset as its page shows them, the newest first."""
        found = self.ask(_ASSET, path=list(path))["assetOrError"]["assetMaterializations"]
        kinds = ("intValue", "text", "url")
        return [
            {"run": each["runId"], "partition": each["partition"]}
            | {
                entry["label"]: next((entry[kind] for kind in kinds if kind in entry), None)
                for entry in each["metadataEntries"]
            }
            for each in found
        ]


@contextmanager
def live() -> Iterator[Live]:
    """`make dev` in a home of its own while the block lasts; leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="sluss-"))
    ports = {"SLUSS_DAGSTER_PORT": str(_free_port()), "SLUSS_SITE_PORT": str(_free_port())}
    environment = {
        **os.environ,
        **ports,
        "SLUSS_HOME": str(folder / "h"),
        "SLUSS_LANDING": str(folder / "landing"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment.pop("PGDATABASE", None)
    log = folder / "dev.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [REPOSITORY / "scripts" / "dev"],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Whoever runs the tests in the background of a shell has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    dagster, site = (f"http://127.0.0.1:{port}" for port in ports.values())
    made = Live(folder, dagster, site, log, process)
    try:
        made.wait("Dagster", lambda: _is_ready(made))
        yield made
    finally:
        if process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                made.stop()
        for left in made.processes():
            left.kill()
        down = [sys.executable, "-c", "from sluss.cli import main; main()", "down"]
        subprocess.run(down, env=environment, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _is_ready(one: Live) -> bool:
    try:
        found = one.ask(_READY)
    except OSError:
        return False
    locations = found["workspaceOrError"]["locationEntries"]
    assert [
        place["locationOrLoadError"]
        for place in locations
        if (place["locationOrLoadError"] or {}).get("__typename") == "PythonError"
    ] == []
    daemons = found["instance"]["daemonHealth"]["allDaemonStatuses"]
    is_loaded = bool(locations) and all(place["locationOrLoadError"] for place in locations)
    return is_loaded and all(one["healthy"] for one in daemons if one["required"])


def _is_postgres(process: psutil.Process) -> bool:
    try:
        return "postgres" in process.name() or "postgres" in process.exe()
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
