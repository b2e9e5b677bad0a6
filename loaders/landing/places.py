"""Where the landing folders of a feed are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loaders.contract import Contract
from loaders.errors import UnusableInputError
from loaders.landing.local import LocalStorage
from loaders.landing.remote import open_remote
from loaders.landing.storage import Storage


@dataclass(frozen=True)
class Place:
    """The folders of one feed, as paths of the storage that they lie on."""

    storage: Storage
    incoming: str
    archive: str
    refused: str


def landing_root() -> str:
    """Returns ``SLUSS_LANDING``, a path or an fsspec URL; default: data/landing of the repository.

    Raises UnusableInputError where there is no repository: installed as a plain package, Sluss has
    no folder of its own that a sender could reach.
    """
    named = os.environ.get("SLUSS_LANDING")
    if named:
        return named
    repository = Path(__file__).resolve().parents[2]
    if not (repository / "pyproject.toml").is_file():
        raise UnusableInputError(
            "Sluss does not run from its repository, so there is no data/landing. Set "
            "SLUSS_LANDING to the folder, or the URL of the bucket, where files arrive."
        )
    return str(repository / "data" / "landing")


def place_of(contract: Contract) -> Place:
    """Returns the folders of the contract's feed; makes none of them."""
    root = landing_root()
    storage: Storage
    if root.startswith("file://"):
        storage, path = LocalStorage(), unquote(urlsplit(root).path)
    elif "://" in root:
        storage = open_remote(root)
        path = storage.root
    else:
        storage, path = LocalStorage(), str(Path(root).expanduser().absolute())
    return Place(
        storage,
        f"{path}/{contract.landing_folder}",
        f"{path}/{contract.archive_folder}",
        f"{path}/{contract.refused_folder}",
    )
