"""Runs `sluss load` or `sluss build`, and kills it, or its server, at a point told beforehand.

    python -m tests.soak.killable VICTIM POINT DELAY load FEED PATH …
    python -m tests.soak.killable VICTIM POINT DELAY build

VICTIM is ``self`` (the process and its group) or ``server`` (the postmaster and every backend);
both get SIGKILL. Or it is ``sessions``: all of the database's are ended by the server.

POINT is where the clock of DELAY (seconds) starts: ``start``; for a load the name of a step of it,
once that is done, or ``block N`` while its lines are copied; for a build ``step N``, when its step
N begins, of all that dbt counts. ``never`` kills nothing. The command itself is the ordinary one,
down to its exit code.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import wraps
from typing import Any

import psutil

from loaders import copier, database, ledger
from sluss import dbt, embedded
from sluss.settings import home

# What a load does, in this order, each by the function that does it. A delay of a few milliseconds
# after the last one hits the commit.
LOAD_STEPS = ("lock_feed", "fingerprint", "open_load", "begin_load", "copy_source", "finish_load")


def kill_server() -> None:
    """Kills the server of SLUSS_HOME as a power cut would: nobody gets to say goodbye."""
    pid = embedded.server_pid(home())
    if pid is None:
        return
    postmaster = psutil.Process(pid)
    for process in [postmaster, *postmaster.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def end_sessions() -> None:
    with closing(database.connect("sluss tests")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


def kill_self() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def at_point(point: str, strike: Callable[[], None]) -> None:
    """Has ``strike`` called once, when ``point`` is reached."""
    name, _, number = point.partition(" ")
    if name == "start":
        strike()
    elif name == "block":
        after_block(int(number), strike)
    elif name == "step":
        at_step(int(number), strike)
    elif name in LOAD_STEPS:
        module: Any = ledger if hasattr(ledger, name) else copier
        setattr(module, name, followed_by(getattr(module, name), strike))
    else:
        assert name == "never", point


def followed_by(function: Callable[..., Any], strike: Callable[[], None]) -> Callable[..., Any]:
    @wraps(function)
    def both(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        strike()
        return result

    return both


def after_block(number: int, strike: Callable[[], None]) -> None:
    original, seen = copier.copy_source, 0

    @wraps(original)
    def copy_source(*arguments: Any) -> None:
        *others, on_progress = arguments

        def progress(done: int) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                strike()
            on_progress(done)

        original(*others, progress)

    copier.copy_source = copy_source


def at_step(number: int, strike: Callable[[], None]) -> None:
    original = dbt.build

    def build(
        selection: Any, full_refresh: bool, threads: Any, on_progress: Any, *others: Any
    ) -> dbt.DbtRun:
        seen = 0

        def progress(done: int, total: int, step: str) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                strike()

        return original(selection, full_refresh, threads, progress, *others)

    dbt.build = build  # type: ignore[assignment]


def main() -> None:
    victim, point, delay, *command = sys.argv[1:]
    kill = {"self": kill_self, "server": kill_server, "sessions": end_sessions}[victim]

    def strike() -> None:
        if float(delay) == 0:
            kill()
            return

        def later() -> None:
            time.sleep(float(delay))
            kill()

        threading.Thread(target=later, daemon=True).start()

    at_point(point, strike)
    sys.argv = ["sluss", *command]
    from sluss.cli import main as sluss

    sluss()


if __name__ == "__main__":
    main()
