"""A build: dbt, one at a time for each database, and what became of the loads."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from loaders import database, ledger, migrate
from loaders.errors import UserError
from sluss import dbt
from sluss.dbt import DbtRun, NodeProblem
from sluss.idle import idle_models, switched_off
from sluss.outcomes import LoadOutcome, Standing, outcomes, standings
from sluss.settings import environment, home

# dbt's test that a build with a held load is red. What it found is told load by load instead.
HELD_TEST = "assert_no_load_is_held"

# "SLUS" and "BLD": the advisory lock of a build, and of nothing else in the database.
_LOCK = (0x534C5553, 0x00424C44)
# "SLUS" and "FNC": each model shares it while it is written (one_build_at_a_time.sql).
_FENCE = (0x534C5553, 0x00464E43)
_WAIT_SECONDS = 0.5

# Tells dbt, wherever it runs, which session holds the lock on its behalf: the project's
# begin_build() stops every other run while somebody holds it.
HOLDER_VARIABLE = "SLUSS_BUILD_LOCK_PID"


@dataclass(frozen=True)
class BuildResult:
    """What a build did: ``published`` if every load is in the marts and every test passed."""

    status: Literal["published", "held", "failed"]
    seconds: float
    loads: list[LoadOutcome]
    failures: list[NodeProblem]
    warnings: list[NodeProblem]
    # Models and seeds built, tests passed, and nodes left out because one before them failed.
    built_count: int
    passed_count: int
    skipped_count: int
    log: str

    @property
    def held(self) -> list[LoadOutcome]:
        return [load for load in self.loads if load.gate == "held"]

    @property
    def changed(self) -> list[LoadOutcome]:
        """The loads of this build: those that it changed, and those that are held."""
        return [load for load in self.loads if load.change != "unchanged"]


def build(
    selection: Sequence[str] = (),
    full_refresh: bool = False,
    threads: int | None = None,
    on_progress: dbt.Progress | None = None,
    on_message: Callable[[str], None] = lambda text: None,
    without: Sequence[str] = (),
    variables: Mapping[str, object] | None = None,
) -> BuildResult:
    """Runs ``dbt build`` and returns what it published, held, and why.

    Waits while another build of this database runs; ``on_message`` is told for whom. Raises
    DatabaseUnavailableError if no server answers, UserError if dbt's own files find no room on the
    disk, and what :func:`sluss.dbt.build` raises.
    """
    started = time.monotonic()
    with prepared(on_message) as before:
        excluded = () if selection else left_out(full_refresh)
        with _what_stopped_dbt_in_words():
            run = dbt.build(
                selection,
                full_refresh,
                threads,
                on_progress,
                without=without,
                variables=variables,
                excluded=excluded,
            )
        loads = outcomes_since(before)
    return _result(run, loads, time.monotonic() - started)


def left_out(full_refresh: bool) -> list[str]:
    """Returns dbt's selection of what a build of everything leaves out; see :mod:`sluss.idle`."""
    off = switched_off()
    if full_refresh:
        return off
    with database.connected(_connect()) as connection:
        return [*idle_models(connection), *off]


@contextmanager
def prepared(on_message: Callable[[str], None]) -> Iterator[dict[int, Standing]]:
    """Holds the lock of a build around the block, and yields how the loads stand before it.

    For whoever runs dbt: :func:`build`, and Dagster. Raises UserError if the database lacks
    migrations.
    """
    with only_build(on_message):
        check_migrations()
        for message in end_dead_loads():
            on_message(message)
        with database.connected(_connect()) as connection:
            before = standings(connection)
        yield before


def outcomes_since(before: Mapping[int, Standing]) -> list[LoadOutcome]:
    """Returns every load with what changed about it since ``before``."""
    # Another connection than before: a build may take longer than a quiet one is left open.
    with database.connected(_connect()) as connection:
        return outcomes(connection, before)


def end_dead_loads() -> list[str]:
    """Marks loads as failed whose loader died, and returns in words which still run.

    The lock of their feed tells them apart: a loader holds it as long as it lives.
    """
    messages = []
    with database.connected(ledger.connect("sluss build")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select distinct feed from ops.loads where status = 'running'")
            for (feed,) in cursor.fetchall():
                cursor.execute("select ops.try_lock_feed(%s)", (feed,))
                (is_dead,) = cursor.fetchone() or (False,)
                if is_dead:
                    cursor.execute("select ops.fail_dead_loads(%s, %s)", (feed, ledger.DEAD_REASON))
                    messages += [
                        f"Load {load_id} of {feed} was never finished: its loader had died."
                        for (load_id,) in cursor.fetchall()
                    ]
                else:
                    messages.append(f"A load of {feed} is under way: it is not in this build.")
    return messages


def _result(run: DbtRun, loads: list[LoadOutcome], seconds: float) -> BuildResult:
    failures = [failure for failure in run.failures if failure.name != HELD_TEST]
    is_held = any(load.gate == "held" for load in loads)
    if len(failures) < len(run.failures) and not is_held:
        # Red without a held load to show for it: then the test itself is what went wrong.
        failures = run.failures
    return BuildResult(
        status="failed" if failures else "held" if is_held else "published",
        seconds=round(seconds, 1),
        loads=loads,
        failures=failures,
        warnings=run.warnings,
        built_count=run.built_count,
        passed_count=run.passed_count,
        skipped_count=run.skipped_count,
        log=str(run.log),
    )


def _connect() -> database.Connection:
    return database.connect("sluss build", role="sluss_transformer")


def check_migrations() -> None:
    """Raises UserError if the database lacks migrations."""
    waiting = migrate.pending(database.dsn())
    if waiting:
        raise UserError(
            f"The database lacks the migrations {', '.join(waiting)}: run `sluss up`, which "
            "applies them."
        )


@contextmanager
def only_build(on_message: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock of a build on a connection of its own; a killed build lets go of it.

    Within the block the environment says who holds it, for a dbt in this process or a child of it.
    """
    user = ledger.operating_system_user() or "somebody"
    who = f"sluss build: {user[:16]}, process {os.getpid()}, {datetime.now():%H:%M:%S}"
    with database.connected(database.connect(who)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            # It says nothing for as long as the build takes.
            cursor.execute("select set_config('idle_session_timeout', '0', false)")
            told = False
            while True:
                cursor.execute("select pg_try_advisory_lock(%s, %s)", _LOCK)
                (is_ours,) = cursor.fetchone() or (False,)
                if is_ours:
                    break
                if not told:
                    cursor.execute(_HOLDER, _LOCK)
                    (holder,) = cursor.fetchone() or (None,)
                    name = f" ({holder})" if holder else ""
                    on_message(f"Another build of this database runs{name}: waiting for it.")
                    told = True
                time.sleep(_WAIT_SECONDS)
            cursor.execute(_PLAIN_BUILD, _FENCE)
            if cursor.fetchone() != (0,):
                on_message(
                    "A plain dbt is writing tables: waiting until they are whole. It then stops, "
                    "and this build takes its place."
                )
        with environment(**{HOLDER_VARIABLE: str(connection.info.backend_pid)}):
            yield


@contextmanager
def _what_stopped_dbt_in_words() -> Iterator[None]:
    """Raises an error that says what to do, where dbt ended for want of a server or of room."""
    # Python would print a traceback for each line that does not reach the log.
    before = logging.raiseExceptions
    logging.raiseExceptions = False
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
                raise UserError(
                    f"The disk is full (No space left on device): dbt could not write its files in "
                    f"{home().path / 'dbt'}. The tables that it wrote are whole. Make room "
                    "(`sluss status` shows what the database takes), then `sluss up` and "
                    "`sluss build` again."
                ) from error
            cause = cause.__cause__ or cause.__context__
        if isinstance(error, dbt.DbtError):
            _connect().close()  # If no server answers, this says so, and what to run.
        raise
    finally:
        logging.raiseExceptions = before


# The name that the holder gave itself: user, process and start are not shown to every role.
_HOLDER = """
select replace(activity.application_name, 'sluss build: ', '')
from pg_locks as locks
inner join pg_stat_activity as activity
    on locks.pid = activity.pid
where
    locks.locktype = 'advisory'
    and locks.granted
    and locks.database = (select oid from pg_database where datname = current_database())
    and locks.classid = %s
    and locks.objid = %s
    and locks.objsubid = 2
"""

# How many models another dbt is writing. It is a plain one, or one that outlived who started it.
_PLAIN_BUILD = """
select count(*)
from pg_locks
where
    locktype = 'advisory'
    and granted
    and database = (select oid from pg_database where datname = current_database())
    and classid = %s
    and objid = %s
    and objsubid = 2
"""
