"""Where the newest exchange rates come from."""

from __future__ import annotations

import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import fsspec

from loaders.errors import UserError

_TIMEOUT_SECONDS = 60


@contextmanager
def fetched_rates() -> Iterator[Path | None]:
    """Gives a local copy of the file that ``SLUSS_FX_URL`` names, while the block lasts.

    It may be a path, an http(s) address or any URL of fsspec. None where it is not set: then the
    rates that come with Sluss are as new as its release. Raises UserError if it does not answer.
    """
    url = os.environ.get("SLUSS_FX_URL")
    if not url:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="sluss-") as folder:
        path = Path(folder) / (PurePosixPath(urlsplit(url).path).name or "eurofxref-hist.csv")
        try:
            _fetch(url, path)
        except (OSError, ValueError, ImportError, urllib.error.URLError) as error:
            raise UserError(
                f"The rates at SLUSS_FX_URL could not be fetched ({type(error).__name__}). The "
                "next run tries again; `sluss load fx_rates FILE` loads a file at hand."
            ) from error
        yield path


def _fetch(url: str, path: Path) -> None:
    if url.startswith(("http://", "https://")):
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
            path.write_bytes(answer.read())
    else:
        with fsspec.open(url, "rb") as file:
            path.write_bytes(file.read())
