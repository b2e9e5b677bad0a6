"""Where Sluss keeps things on this machine: the home directory and what lies in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import UnusableInputError

# The embedded server listens on no network port; the number is only part of its socket's name.
PORT = 5432

# sizeof(sockaddr_un.sun_path) less the closing NUL: a limit of the operating system, not of
# Postgres.
LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107


@dataclass(frozen=True)
class Home:
    """``SLUSS_HOME``: everything the embedded server and Dagster keep between runs.

    Two homes share nothing, so two checkouts, or a test and a person's own data, never meet.
    """

    path: Path

    @property
    def data_directory(self) -> Path:
        """The embedded server's data directory, log and settings included."""
        return self.path / "postgres"

    @property
    def socket_directory(self) -> Path:
        """What a client gives as ``host``; only the owner may enter it."""
        return self.path / "socket"

    @property
    def socket(self) -> Path:
        return self.socket_directory / f".s.PGSQL.{PORT}"

    @property
    def lock(self) -> Path:
        """Held while a command starts, stops or creates the server."""
        return self.path / "server.lock"

    @property
    def dagster(self) -> Path:
        """``DAGSTER_HOME`` for ``make dev``: run history and logs."""
        return self.path / "dagster"

    @property
    def site(self) -> Path:
        """What ``sluss site`` serves: ``reports/load_<id>.html`` and ``docs/index.html``."""
        return self.path / "site"


def home() -> Home:
    """Returns the home that the environment names: ``SLUSS_HOME``, or ``~/.sluss``."""
    from loaders.database import sluss_home

    return Home(Path(os.path.abspath(sluss_home().expanduser())))


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Sets environment variables while the block lasts, for this process and its children."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def check_home(place: Home) -> None:
    """Raises :class:`UnusableInputError` if no client could reach a socket in this home."""
    found = len(os.fsencode(place.socket))
    if found > LONGEST_SOCKET_PATH:
        spare = LONGEST_SOCKET_PATH - len(os.fsencode(place.socket.relative_to(place.path))) - 1
        raise UnusableInputError(
            f"SLUSS_HOME is too long for a Unix socket: {place.path} has "
            f"{len(os.fsencode(place.path))} bytes, this system allows {spare}. "
            "Set SLUSS_HOME to a shorter path, for example ~/.sluss."
        )
    if "," in str(place.path):
        raise UnusableInputError(
            f"SLUSS_HOME holds a comma: {place.path}. Postgres clients read it as the end of a "
            "host's name. Set SLUSS_HOME to a path without one."
        )
