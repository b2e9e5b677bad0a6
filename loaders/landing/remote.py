"""Landing folders behind fsspec: a bucket, an SFTP server, and in tests the memory."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loaders.errors import UnusableInputError
from loaders.landing.storage import Entry, Kind, StorageError, printable, said

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def open_remote(url: str) -> RemoteStorage:
    """Returns the storage at ``url``; raises UnusableInputError if nothing installed opens it."""
    from fsspec.core import url_to_fs

    parts = urlsplit(url)
    public = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
    try:
        with said(public, parts.password):
            fs, path = url_to_fs(url)
    except StorageError as error:
        if isinstance(error.__cause__, ImportError | ValueError):
            raise UnusableInputError(
                f"SLUSS_LANDING cannot be opened: {error.__cause__}. Expected is a folder, or a "
                f"URL of a kind whose fsspec package is installed, found {public}."
            ) from error
        raise
    return RemoteStorage(fs, path.rstrip("/"), public, parts.password)


@dataclass(frozen=True)
class RemoteStorage:
    """Folders behind fsspec. ``root`` is the path of what people know as ``public``."""

    fs: AbstractFileSystem
    root: str
    public: str
    password: str | None = None

    def entries(self, folder: str) -> list[Entry]:
        with said(self.shown(folder), self.password):
            self.fs.invalidate_cache(folder)
            try:
                found = self.fs.ls(folder, detail=True)
            except FileNotFoundError:
                return []
        entries = [_entry(info) for info in found]
        # Some buckets list a folder within itself: an empty object with the folder's name.
        return [one for one in entries if one.name and one.path != folder]

    def make_folder(self, folder: str) -> None:
        # Where folders have to be made (SFTP), writing a file makes its own; senders make theirs.
        pass

    def entry(self, path: str) -> Entry | None:
        with said(self.shown(path), self.password):
            self.fs.invalidate_cache(path.rpartition("/")[0])
            try:
                entry = _entry(self.fs.info(path))
            except FileNotFoundError:
                return None
        return entry if entry.kind == "file" else None

    def fetch(self, path: str, folder: Path) -> Path:
        local = folder / path.rpartition("/")[2]
        with said(self.shown(path), self.password):
            self.fs.get_file(path, str(local))
        return local

    def put(self, path: str, write: Callable[[Path], None]) -> None:
        folder, _, name = path.rpartition("/")
        with (
            said(self.shown(path), self.password),
            tempfile.TemporaryDirectory(prefix="sluss-") as scratch,
        ):
            local = Path(scratch) / "file"
            write(local)
            if self.entry(path):
                raise FileExistsError(errno.EEXIST, "there is a file already", path)
            if self._can_rename():
                unfinished = f"{folder}/.{name}.part"
                self.fs.put_file(str(local), unfinished)
                self.fs.mv(unfinished, path)
            else:
                self.fs.put_file(str(local), path)
            arrived = self.entry(path)
            if not arrived or arrived.size != local.stat().st_size:
                raise OSError(errno.EIO, "what was written does not stand there in full", path)

    def remove(self, path: str) -> None:
        with said(self.shown(path), self.password), suppress(FileNotFoundError):
            self.fs.rm_file(path)

    def shown(self, path: str) -> str:
        return printable(self.public + path.removeprefix(self.root))

    @contextmanager
    def locked(self, folder: str) -> Iterator[None]:
        yield

    def _can_rename(self) -> bool:
        # fsspec's own mv copies and removes, for buckets: there an object shows when it is whole.
        # A storage with a mv of its own (SFTP, FTP, SMB) shows files while they are written.
        from fsspec import AbstractFileSystem

        return type(self.fs).mv is not AbstractFileSystem.mv


# What file systems call the time, and the version, of an object.
_TIMES = ("mtime", "LastModified", "last_modified", "modified", "modify", "updated", "created")
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "generation", "VersionId", "version_id")


def _entry(info: dict[str, Any]) -> Entry:
    path = info["name"].rstrip("/") if info["type"] == "directory" else info["name"]
    kinds: dict[str, Kind] = {"file": "file", "directory": "folder"}
    size = int(info.get("size") or 0)
    known = [f"{name}={info[name]}" for name in (*_VERSIONS, *_TIMES) if info.get(name) is not None]
    moment = next((_instant(info[name]) for name in _TIMES if info.get(name) is not None), None)
    return Entry(
        name=path.rpartition("/")[2],
        path=path,
        kind=kinds.get(info["type"], "other"),
        size=size,
        modified=moment,
        changed=moment,
        signature=":".join((str(size), *known)),
    )


def _instant(value: object) -> datetime | None:
    """Returns a time as file systems give it (epoch, datetime, ISO 8601, FTP), None if unknown."""
    if isinstance(value, str):
        compact = re.fullmatch(r"(\d{14})(\.\d+)?", value)
        try:
            value = (
                datetime.strptime(compact[1], "%Y%m%d%H%M%S")
                if compact
                else datetime.fromisoformat(value)
            )
        except ValueError:
            return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None
