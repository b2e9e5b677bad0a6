"""How commands speak: coloured and with progress for a person, plain and unwrapped for a pipe."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def is_watched() -> bool:
    """True if a person looks at standard error, where progress is shown."""
    return sys.stderr.isatty()


def console(stderr: bool = False) -> Console:
    """Returns a Rich console; without a terminal it prints plain text and never wraps a line.

    A result goes to standard output, so that it can be piped; progress and remarks go to standard
    error.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    watched = stream.isatty()
    return Console(
        stderr=stderr, width=None if watched else 1000, highlight=False, soft_wrap=not watched
    )


def print_json(value: Any) -> None:
    """Prints ``value`` as JSON on standard output; dates and paths as text."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def human_bytes(count: int) -> str:
    """Returns ``count`` bytes as a person says it: ``1.5 GB`` (decimal units)."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
