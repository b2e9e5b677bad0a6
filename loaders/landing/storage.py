"""What the landing folders lie on, seen alike: a disk, or whatever fsspec opens (a bucket, SFTP).

Names go through as the system has them: those that are no UTF-8 hold surrogates, and none is ever
taken for a glob or an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import unquote

from loaders.errors import UserError

Kind = Literal["file", "folder", "other"]


class StorageError(UserError):
    """The landing folders cannot be reached, read or written: nothing that the file is to blame."""


@dataclass(frozen=True)
class Entry:
    """What lies in a folder under ``name``.

    ``signature`` is another one as soon as the content may be another one. ``changed`` is when that
    was last, by the storage's own clock, which a sender cannot set as it can ``modified``.
    """

    name: str
    path: str
    kind: Kind
    size: int
    modified: datetime | None
    changed: datetime | None
    signature: str


class Storage(Protocol):
    """Where files lie. Paths are the storage's own; all raise StorageError."""

    def entries(self, folder: str) -> list[Entry]:
        """Returns what lies in ``folder``, nothing if there is no such folder."""

    def make_folder(self, folder: str) -> None:
        """Makes ``folder`` where files need one to arrive in."""

    def entry(self, path: str) -> Entry | None:
        """Returns the file at ``path``, None if there is none."""

    def fetch(self, path: str, folder: Path) -> Path:
        """Returns a local file with the content of the one at ``path``, copied to ``folder`` if
        need be; raises FileNotFoundError if there is none."""

    def put(self, path: str, write: Callable[[Path], None]) -> None:
        """Has ``write`` make a local file and puts it at ``path``: complete, or not at all.

        The caller has the folder :meth:`locked`. Raises FileExistsError if there is something at
        ``path``, or what ``write`` raises.
        """

    def remove(self, path: str) -> None:
        """Removes the file at ``path``, if it is there."""

    def shown(self, path: str) -> str:
        """Returns ``path`` as people are told it: printable, and without passwords."""

    def locked(self, folder: str) -> AbstractContextManager[None]:
        """Returns a context in which no other process on this machine is in one for ``folder``."""


def printable(name: str) -> str:
    """Returns ``name`` with a replacement for what is no text: for messages, logs and databases."""
    name = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(one if one.isprintable() else "�" for one in name)


@contextmanager
def said(where: str, password: str | None = None) -> Iterator[None]:
    """Turns whatever a storage raises into a StorageError that says ``where``."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, UserError):
        raise
    except Exception as error:
        # Buckets have errors of their own, which fsspec passes on.
        said = (isinstance(error, OSError) and error.strerror) or str(error).strip()
        said = printable(said.splitlines()[0] if said else type(error).__name__)
        if password:
            said = said.replace(password, "…").replace(unquote(password), "…")
        raise StorageError(
            f"{where} cannot be read or written: {said}. Check that it is there, has room, and "
            "that Sluss has access; SLUSS_LANDING says where the landing folders are."
        ) from error
