"""Landing folders for tests: on a disk, and behind fsspec, which stands for a bucket."""

from __future__ import annotations

import gzip
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pytest

from loaders import landing
from loaders.contract import load_contract
from loaders.landing import LandedFile, LandedResult, load_landed
from loaders.landing.local import LocalStorage
from loaders.landing.remote import RemoteStorage
from tests.loader.conftest import lines, query, text

FEED = load_contract("bank_transactions")
FOLDER = "bank_transactions"
DAY = "2025-05-19"
NAME = f"transactions_{DAY}.csv"
ARCHIVED = f"archive/{DAY}/load_1_{NAME}.gz"
GOOD = text(*lines(20))
OTHER = text(*lines(5, 900))
NOW = datetime(2025, 5, 20, 4, 0, tzinfo=UTC)

ODD_NAMES = [
    "transactions 19 maj.csv",
    "[a-z]*?transactions.csv",
    "50%25 transactions#1::x.csv",
    "~transactions'\";$(x).csv",
    "transactions åäö 📒.csv",
    "transactions\nline.csv",
]
NO_UTF8 = os.fsdecode(b"transactions_\xe5\xff.csv")


@pytest.fixture(params=["disk", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A landing root of its own, on a disk and behind fsspec."""
    on_disk = str(tmp_path / "landing")
    url = on_disk if request.param == "disk" else f"memory://{uuid.uuid4().hex}/landing"
    monkeypatch.setenv("SLUSS_LANDING", url)
    return url


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The landing folder of FEED, on a disk."""
    monkeypatch.setenv("SLUSS_LANDING", str(tmp_path / "landing"))
    folder = tmp_path / "landing" / FOLDER
    folder.mkdir(parents=True)
    return folder


def deliver(root: str, name: str, content: bytes = b"x", folder: str = FOLDER) -> None:
    """Writes a file as its sender does."""
    if "://" in root:
        fsspec.filesystem("memory").pipe_file(
            f"/{root.partition('://')[2]}/{folder}/{name}", content
        )
        return
    path = Path(root) / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def offer(name: str = NAME, **options: Any) -> LandedResult:
    return load_landed(LandedFile(FEED, name), now=NOW, **options)


def content() -> dict[str, bytes]:
    """Returns all files of FEED's folders by their path below them, hidden ones too."""
    place = landing.place_of(FEED)
    if isinstance(place.storage, LocalStorage):
        folder = Path(place.incoming)
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    assert isinstance(place.storage, RemoteStorage)
    found = place.storage.fs.find(place.incoming)
    return {
        path.removeprefix(place.incoming + "/"): place.storage.fs.cat_file(path) for path in found
    }


def unpacked() -> dict[str, bytes]:
    """Returns :func:`content` with what is in the .gz files."""
    return {
        name: gzip.decompress(data) if name.endswith(".gz") else data
        for name, data in content().items()
    }


def visible() -> int:
    found: int = query("select count(*) from staging.raw_bank_transactions")[0][0]
    return found
