"""The embedded Postgres: creates it, starts it, stops it, and gets it going after a crash.

Callers hold the home's lock. Who runs as what, and where the programs are from, is in
:mod:`sluss.programs`; the settings are in :mod:`sluss.postgres_conf`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from sluss.postgres_conf import server_conf, this_machine
from sluss.programs import (
    MAJOR_VERSION,
    ServerError,
    check_programs,
    open_way,
    run,
    server_user,
    user_name,
)
from sluss.settings import PORT, Home

# Recovery replays at most max_wal_size of log, which takes a slow disk a few minutes.
START_SECONDS = 300
STOP_SECONDS = 120
# How long the children of a killed server get to notice by themselves that it is gone.
ORPHAN_SECONDS = 3.0


def ensure_started(home: Home, remark: Callable[[str], None]) -> bool:
    """Makes sure that the server of ``home`` runs; creates it at the first call.

    ``remark`` is told what a person would want to know. Returns False if the server ran already.
    Raises :class:`ServerError`.
    """
    data = home.data_directory
    user = server_user(data)
    if user is not None:
        open_way(home.path, user, remark)
        check_programs(user, remark)
    if _already_running(home, user):
        return False
    if not data.exists():
        remark(f"creating a database server in {data}")
        _create(home, user)
    found = (data / "PG_VERSION").read_text().strip()
    if found != MAJOR_VERSION:
        raise ServerError(
            f"{data} was written by Postgres {found}, this Sluss brings {MAJOR_VERSION}. "
            "Dump it with the version of Sluss that wrote it (pg_dump), move the directory away, "
            "and restore the dump after `sluss up`."
        )
    _own_directory(home.socket_directory, user)
    _write(data / "sluss.conf", server_conf(this_machine(data), PORT), user)
    _start(home, user, remark)
    return True


def stop(home: Home, remark: Callable[[str], None]) -> bool:
    """Stops the server; open transactions are rolled back. Returns False if none ran."""
    if server_pid(home) is None:
        return False
    data = home.data_directory
    user = server_user(data)
    if user is not None:
        check_programs(user, remark)
    arguments = ["stop", "-D", str(data), "-m", "fast", "-w", "-t", str(STOP_SECONDS)]
    code, output = run("pg_ctl", arguments, user)
    if code != 0 and server_pid(home) is not None:
        raise ServerError(f"the server in {data} did not stop: {output}")
    return True


def server_pid(home: Home) -> int | None:
    """Returns the process id of this home's running server, else None.

    Raises :class:`ServerError` if the home is another user's.
    """
    data = home.data_directory
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    except PermissionError as error:
        raise ServerError(
            f"{data} belongs to {user_name(data.stat().st_uid)}, you are "
            f"{user_name(os.geteuid())}. Use that account, or another SLUSS_HOME."
        ) from error
    return pid if pid in _processes_in(data, [pid]) else None


def _already_running(home: Home, user: pwd.struct_passwd | None) -> bool:
    """True once the server answers; waits for one that is recovering, or on its way out."""
    patience = time.monotonic() + START_SECONDS
    while (pid := server_pid(home)) is not None:
        address = ["-q", "-h", str(home.socket_directory), "-p", str(PORT), "-d", "postgres"]
        if run("pg_isready", address, user)[0] == 0:
            return True
        if time.monotonic() > patience:
            raise ServerError(
                f"the server in {home.data_directory} (process {pid}) runs but does not answer. "
                f"Its log is in {home.data_directory / 'log'}."
            )
        time.sleep(0.1)
    return False


def _start(home: Home, user: pwd.struct_passwd | None, remark: Callable[[str], None]) -> None:
    data = home.data_directory
    log = data / "startup.log"
    if (data / "postmaster.pid").exists():
        remark("the server was not stopped in an orderly way; Postgres recovers")
        _clear_after_crash(home)
    log.unlink(missing_ok=True)
    arguments = ["start", "-D", str(data), "-l", str(log), "-w", "-t", str(START_SECONDS)]
    code, output = run("pg_ctl", arguments, user)
    if code == 0:
        return
    with contextlib.suppress(OSError):
        output = "\n".join(log.read_text(errors="replace").strip().splitlines()[-5:]) or output
    raise ServerError(
        f"the embedded Postgres did not start. It says:\n{output}\n"
        f"Its logs: {log} and {data / 'log'}"
    )


def _clear_after_crash(home: Home) -> None:
    """Removes what would keep Postgres from starting after its postmaster was killed.

    Postgres deals with stale lock files itself, unless their process id has been given to another
    process of the same user (usual after a container's restart) or is still a zombie. Backends that
    outlived the postmaster leave by themselves when they next wait for something; one in the middle
    of a long query is sent what the postmaster sends its children after a crash.
    """
    data = home.data_directory
    patience = time.monotonic() + ORPHAN_SECONDS
    while orphans := _processes_in(data):
        if time.monotonic() > patience:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
        if time.monotonic() > patience + 4 * ORPHAN_SECONDS:
            raise ServerError(
                f"processes of a killed server still use {data}: {sorted(orphans)}. "
                "Wait until they have ended, or end them, and try again."
            )
        time.sleep(0.1)
    for file in (data / "postmaster.pid", Path(f"{home.socket}.lock"), home.socket):
        file.unlink(missing_ok=True)


def _processes_in(data: Path, candidates: list[int] | None = None) -> set[int]:
    """Returns which processes (of ``candidates``, or of all) are Postgres at work in ``data``."""
    import psutil

    here = os.path.realpath(data)
    found = set()
    for pid in candidates if candidates is not None else psutil.pids():
        try:
            process = psutil.Process(pid)
            # Every process of a server has its data directory as its working directory.
            if process.name().startswith("postgres") and process.cwd() == here:
                found.add(pid)
        except psutil.Error:  # gone, a zombie, or another user's: not a server of ours
            continue
    return found


def _create(home: Home, user: pwd.struct_passwd | None) -> None:
    data = home.data_directory
    # Made beside its place and moved there when complete: no half server after an interruption.
    draft = data.with_name("postgres.new")
    if draft.exists():
        shutil.rmtree(draft)
    _own_directory(draft, user)
    arguments = [
        *("-D", str(draft), "-U", "postgres", "--encoding", "UTF8", "--data-checksums"),
        # Order by code point and Unicode's case rules: the same on every machine.
        *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        # Safe because only the owner can open the socket: see sluss.conf.
        *("--auth-local", "trust", "--auth-host", "reject"),
    ]
    code, output = run("initdb", arguments, user)
    if code != 0:
        raise ServerError(f"could not create a database server in {data}: {output}")
    with (draft / "postgresql.conf").open("a") as conf:
        conf.write("\n# Settings of Sluss, for this machine. Your own go below this line.\n")
        conf.write("include_if_exists = 'sluss.conf'\n")
    draft.rename(data)


def _own_directory(directory: Path, user: pwd.struct_passwd | None) -> None:
    """Makes ``directory`` one that only the server's user can open."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(directory, user.pw_uid, user.pw_gid)
    directory.chmod(0o700)


def _write(file: Path, text: str, user: pwd.struct_passwd | None) -> None:
    draft = file.with_name(f"{file.name}.new")
    draft.write_text(text)
    if user is not None:
        os.chown(draft, user.pw_uid, user.pw_gid)
    draft.chmod(0o600)
    draft.replace(file)
