"""One real Postgres for a whole test session, and a fresh database on it for whoever asks.

The server is Sluss's own embedded one in a temporary home (with ``pytest -n``, one for each
worker). The environment of the session points at it, so the command line, the loaders and dbt find
it without being told, as subprocesses too. Roles belong to the server, not to a database: they are
shared by the tests of a session.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sluss.settings import Home

REPOSITORY = Path(__file__).resolve().parents[1]

# The template of all test databases: created and migrated by `sluss up`, never connected to
# afterwards.
TEMPLATE = "sluss"

RunSluss = Callable[..., "subprocess.CompletedProcess[str]"]
RunDbt = Callable[..., "subprocess.CompletedProcess[str]"]

DBT = (sys.executable, "-c", "from dbt.cli.main import cli; cli()")
PARSED = "partial_parse.msgpack"
NAMES = [f"sluss_test_{number}" for number in range(1, 10)]
_taken: set[str] = set()
# What dbt says of steps that nobody asks about when another one went wrong.
DULL = re.compile(r" (START|OK|PASS|SKIP) ")


# Packages whose tests look at what is made once for all of them.
SHARING = {"dbt", "report", "soak"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A worker takes a file, or a package that shares, as a whole."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.split("::", 1)[0])
            return str(file.parent if file.parent.name in SHARING else file)

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@dataclass(frozen=True)
class Database:
    """A database of its own; SLUSS_HOME and PGDATABASE point at it while it lives."""

    name: str
    dsn: str
    home: Home


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """No test may reach a database of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("PG", "SLUSS_")) or name == "DATABASE_URL":
                patch.delenv(name)
        # A third of the models, which nothing else reads; tests of detection put it on.
        patch.setenv("SLUSS_DETECTION", "off")
        # A place where nothing listens, for tests that start no server.
        patch.setenv("SLUSS_HOME", "/nonexistent/sluss")
        yield


@pytest.fixture(scope="module")
def detection(clean_environment: None) -> Iterator[None]:
    """Builds of this module look for suspicious payments."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_DETECTION", "on")
        yield


@pytest.fixture(scope="session")
def short_directory() -> Iterator[Path]:
    """A directory with a path short enough for a Unix socket below it; pytest's own are not."""
    directory = Path(tempfile.mkdtemp(prefix="sluss-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def home(clean_environment: None, short_directory: Path) -> Iterator[Home]:
    """The home of the session's server, which is up."""
    from sluss import server

    place = Home(short_directory / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_HOME", str(place.path))
        patch.setenv("PGDATABASE", TEMPLATE)
        server.up()
    yield place
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_HOME", str(place.path))
        server.down()


@pytest.fixture
def database(home: Home) -> Iterator[Database]:
    """A fresh, migrated, empty database for one test."""
    with _database(home, TEMPLATE) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def make_database(home: Home) -> Callable[[], AbstractContextManager[Database]]:
    """Returns ``make()``, a context in which a fresh, migrated, empty database is there."""
    return lambda: _database(home, TEMPLATE)


@pytest.fixture(scope="module")
def module_database(home: Home) -> Iterator[Database]:
    """A fresh, migrated, empty database that the tests of one module share; load and build once."""
    with _database(home, TEMPLATE) as fresh:
        yield fresh


@pytest.fixture
def bare_database(home: Home) -> Iterator[Database]:
    """A fresh database without any migration applied."""
    with _database(home, "template0") as fresh:
        yield fresh


@pytest.fixture(scope="session")
def run_sluss() -> RunSluss:
    """Returns ``run(*arguments, env={…}, check=0)``: runs ``sluss`` as a process of its own.

    Fails if the exit code is not ``check``; pass ``check=None`` to look at it yourself.
    """

    def run(
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        check: int | None = 0,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", "from sluss.cli import main; main()", *map(str, arguments)],
            cwd=REPOSITORY,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check is not None:
            said = f"sluss {arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            assert done.returncode == check, said
        return done

    return run


@pytest.fixture(scope="session")
def run_dbt(clean_environment: None, tmp_path_factory: pytest.TempPathFactory) -> RunDbt:
    """Returns ``run(*arguments, target=…, check=0)``: runs plain dbt on ``dbt_project``.

    What dbt writes goes into a folder of the session (``target`` names another), so that two
    workers, and whoever works in the checkout, do not get into each other's way. Fails if the exit
    code is not ``check``; pass ``check=None`` to look at it yourself.
    """
    from sluss.dbt import install_packages

    folder = tmp_path_factory.mktemp("dbt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_LOG_PATH", str(folder))
        install_packages()

    def run(
        *arguments: str, target: Path = folder, check: int | None = 0, timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        for parsed in folder.glob(PARSED):
            # Reading the project takes longer than building a small day.
            if not (target / PARSED).exists():
                target.mkdir(exist_ok=True)
                shutil.copy(parsed, target)
        done = subprocess.run(
            [*DBT, "--no-use-colors", *arguments, "--project-dir", "dbt_project"],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "DBT_TARGET_PATH": str(target),
                "DBT_LOG_PATH": str(target),
                "DBT_LOG_LEVEL_FILE": "info",
            },
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check is not None:
            assert done.returncode == check, (
                f"dbt {arguments}: exit {done.returncode}\n"
                + "\n".join(line for line in done.stdout.splitlines() if not DULL.search(line))
            )
        return done

    return run


@contextmanager
def _database(home: Home, template: str) -> Iterator[Database]:
    from psycopg2 import sql
    from psycopg2.extensions import make_dsn

    from loaders.database import connect, dsn
    from sluss import server

    # A name that was used before, if it is free: dbt has read its project for it already.
    name = next(name for name in NAMES if name not in _taken)
    _taken.add(name)

    def administrate(statement: sql.Composed) -> None:
        # Whatever the environment says by then, and from a database that is nobody's template.
        address = make_dsn(host=str(home.socket_directory), user="postgres", dbname="postgres")
        with closing(connect("sluss tests", address=address)) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_HOME", str(home.path))
        patch.setenv("PGDATABASE", name)
        create = sql.SQL("create database {} template {}")
        administrate(create.format(sql.Identifier(name), sql.Identifier(template)))
        if template == TEMPLATE:
            # A database's settings are not copied with it.
            with closing(connect("sluss tests")) as connection:
                server.apply_database_settings(connection)
        try:
            yield Database(name=name, dsn=dsn(), home=home)
        finally:
            drop = sql.SQL("drop database {} with (force)")
            administrate(drop.format(sql.Identifier(name)))
            _taken.remove(name)
