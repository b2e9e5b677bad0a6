"""Files that a generator writes: whole or not at all, and never over somebody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loaders.errors import UnusableInputError

KEY = "key.json"
_KEY_BEGINS = b'{"format_version"'


@contextmanager
def written_files(out: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Yields where to write the files ``names``; moves them into ``out`` at the end of the block.

    Creates ``out`` if it is missing. An interrupted run leaves no file half written. Raises
    UnusableInputError if ``out`` holds files of these names that no generator wrote.
    """
    out.mkdir(parents=True, exist_ok=True)
    _refuse_to_overwrite(out, names)
    partial = [out / f"{name}.partial" for name in names]
    try:
        yield partial
        for path, name in zip(partial, names, strict=True):
            os.replace(path, out / name)
    finally:
        for path in partial:
            path.unlink(missing_ok=True)


def _refuse_to_overwrite(out: Path, names: Sequence[str]) -> None:
    """An answer key beside the files says that they were generated, and can be again."""
    key = out / KEY
    if key.exists():
        with key.open("rb") as stream:
            if stream.read(len(_KEY_BEGINS)) == _KEY_BEGINS:
                return
    for name in names:
        if (out / name).exists():
            raise UnusableInputError(
                f"{out / name} exists, and no answer key beside it says that it was generated. "
                "Nothing was written; give another --out."
            )
