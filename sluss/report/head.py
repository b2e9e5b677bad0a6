"""What a report says of itself in its ``<meta>`` tags, read without reading all of it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

# The tags are the first of the file; styles and figures come after them.
_HEAD_BYTES = 16 * 1024


def report_meta(path: Path) -> dict[str, str]:
    """Returns the file's meta tags whose name begins with ``sluss-``, without that beginning.

    A report has ``load``, ``version``, ``bank-day`` (ISO), ``gate`` and ``file``. Empty where there
    is no such file, or it is none of ours.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(_HEAD_BYTES)
    except OSError:
        return {}
    parser = _MetaTags()
    parser.feed(start.decode("utf-8", errors="replace"))
    return parser.found


def report_version(path: Path) -> str | None:
    """Returns the version of the load's rows that the report at ``path`` shows.

    It is that of ``intermediate.applied_loads`` (see :func:`sluss.outcomes.standings`): where the
    two are equal, the report is current. None where there is no report.
    """
    return report_meta(path).get("version") or None


class _MetaTags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name = values.get("name") or ""
        if tag == "meta" and name.startswith("sluss-"):
            self.found[name.removeprefix("sluss-")] = values.get("content") or ""
