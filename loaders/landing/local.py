"""Landing folders on a disk of this machine, or mounted on it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from loaders.landing.storage import Entry, Kind, printable, said


class LocalStorage:
    """The file system; paths are absolute."""

    def entries(self, folder: str) -> list[Entry]:
        with said(self.shown(folder)), suppress(FileNotFoundError), os.scandir(folder) as found:
            return [entry for one in found if (entry := _entry(one.name, one.path))]
        return []

    def make_folder(self, folder: str) -> None:
        with said(self.shown(folder)):
            try:
                Path(folder).mkdir(parents=True, exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, "a file is in the folder's place") from None

    def entry(self, path: str) -> Entry | None:
        with said(self.shown(path)):
            entry = _entry(os.path.basename(path), path)
        return entry if entry and entry.kind == "file" else None

    def fetch(self, path: str, folder: Path) -> Path:
        if not self.entry(path):
            raise FileNotFoundError(errno.ENOENT, "there is no such file", path)
        return Path(path)

    def put(self, path: str, write: Callable[[Path], None]) -> None:
        target = Path(path)
        # The same name each time: what a killed process left is written over.
        unfinished = target.with_name(f".{target.name}.part")
        with said(self.shown(path)):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.unlink(missing_ok=True)
                write(unfinished)
                # The original is removed once this returns: no power cut may take the copy then.
                _sync(unfinished)
                if os.path.lexists(target):
                    raise FileExistsError(errno.EEXIST, "there is a file already", path)
                os.rename(unfinished, target)
                _sync(target.parent)
                _sync(target.parent.parent)
            finally:
                unfinished.unlink(missing_ok=True)

    def remove(self, path: str) -> None:
        with said(self.shown(path)):
            Path(path).unlink(missing_ok=True)

    def shown(self, path: str) -> str:
        return printable(path)

    @contextmanager
    def locked(self, folder: str) -> Iterator[None]:
        import fcntl

        self.make_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            # Some network file systems lock no folders. There, two processes that file away one
            # file at the same moment may be in each other's way; the next attempt ends right.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _entry(name: str, path: str) -> Entry | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        # Taken away meanwhile, or a link to nothing.
        return Entry(name, path, "other", 0, None, None, "") if os.path.islink(path) else None
    kind: Kind = "other"
    if stat.S_ISREG(found.st_mode):
        kind = "file"
    elif stat.S_ISDIR(found.st_mode):
        kind = "folder"
    return Entry(
        name,
        path,
        kind,
        found.st_size,
        datetime.fromtimestamp(found.st_mtime, UTC),
        datetime.fromtimestamp(found.st_ctime, UTC),
        # ctime as well: tools that keep the sender's time set mtime back after they have written.
        f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}",
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
