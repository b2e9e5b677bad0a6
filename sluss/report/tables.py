"""Tables, bars and figures in words, as HTML fragments that Jupyter and the report both show.

All text is escaped here and nowhere else: whatever comes in as ``str`` goes out as text. Only an
:class:`Html` is markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any, Literal

Align = Literal["text", "short", "number", "code"]

NOTHING = "–"


@dataclass(frozen=True, repr=False)
class Html:
    """A piece of markup that is shown as such."""

    markup: str

    def __repr__(self) -> str:
        return "<Html>"

    def _repr_html_(self) -> str:
        return f'<div class="day">{self.markup}</div>'

    def __add__(self, other: Html) -> Html:
        return Html(self.markup + other.markup)


@dataclass(frozen=True)
class Column:
    """A column of a table: the key of its values, its heading, and how they stand in it."""

    key: str
    heading: str
    align: Align = "text"
    decimals: int = 0


def text(value: Any, decimals: int = 0) -> str:
    """Returns a value as a person reads it: thousands apart, dates in words, a dash for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float | Decimal):
        return f"{value:,.{decimals}f}".replace("-", "−")
    if isinstance(value, datetime):
        return f"{value:%-d %B %Y, %H:%M}"
    if isinstance(value, date):
        return f"{value:%-d %B %Y}"
    return str(value)


def percent(part: float | Decimal | int, whole: float | Decimal | int = 1) -> str:
    """Returns ``part`` of ``whole`` in per cent: never 0 for something, nor 100 for less."""
    if not whole:
        return NOTHING
    share = float(part) / float(whole) * 100
    if 0 < share < 0.1:
        return f"{share:.2f} %" if share >= 0.01 else "< 0.01 %"
    if 99.95 <= share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %"


def sentence(*words: str) -> Html:
    """Returns a paragraph of plain text."""
    return Html(f"<p>{escape(' '.join(words))}</p>")


def raw(value: str, tone: str = "") -> Html:
    """Returns a value as it stood in a file, with its blanks made visible."""
    shown = escape(value)
    if not value.startswith("("):
        shown = re.sub(r"\s", _blank, shown)
    return Html(f'<code class="raw {tone}">{shown}</code>')


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    total: Mapping[str, Any] | None = None,
    folds: bool = False,
) -> Html:
    """Returns a table of ``rows``; ``total`` is its last row, set apart.

    On a narrow screen it is moved sideways, or where it ``folds``, a row becomes a paragraph.
    """
    head = "".join(
        f'<th scope="col" class="{column.align}">{escape(column.heading)}</th>'
        for column in columns
    )
    body = "".join(_row(row, columns) for row in rows)
    foot = f"<tfoot>{_row(total, columns)}</tfoot>" if total else ""
    return Html(
        f'<div class="wide{" folds" if folds else ""}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{foot}</table></div>"
    )


def bar(part: float, tone: str = "main") -> Html:
    """Returns a bar as long as ``part`` (0 to 1) of its cell."""
    width = max(0.0, min(1.0, part)) * 100
    filled = f'<span class="bar {tone}" style="width:{width:.2f}%"></span>' if width else ""
    return Html(f'<span class="track">{filled}</span>')


def stacked(parts: Sequence[tuple[str, int, str]], caption: str) -> Html:
    """Returns one bar divided by ``parts`` of name, count and tone, and what is written above it.

    The parts are named in a table beside it, by their tones.
    """
    whole = sum(count for _, count, _ in parts)
    pieces = "".join(
        f'<span class="{tone}" style="flex-grow:{count}" title="{escape(name)}: {count:,}"></span>'
        for name, count, tone in parts
        if count
    )
    spoken = "; ".join(f"{name} {count:,}" for name, count, _ in parts)
    if not whole:
        pieces = '<span class="empty" style="flex-grow:1"></span>'
    return Html(
        f'<div class="stack-title">{escape(caption)}</div>'
        f'<div class="stack" role="img" aria-label="{escape(spoken)}">{pieces}</div>'
    )


def swatch(tone: str, name: str) -> Html:
    """Returns ``name`` with a patch of its colour before it."""
    return Html(f'<span class="swatch {tone}"></span>{escape(name)}')


def named(name: str, detail: str) -> Html:
    """Returns ``name`` with ``detail`` in small type below it."""
    return Html(f'{escape(name)}<span class="detail">{escape(detail)}</span>')


def verdict(holds: bool, yes: str = "holds", no: str = "does not hold") -> Html:
    """Returns a mark that says whether something holds, in colour and in words."""
    return Html(
        f'<span class="verdict {"good" if holds else "bad"}">{"✓" if holds else "✗"} '
        f'<span class="words">{escape(yes if holds else no)}</span></span>'
    )


def _blank(found: re.Match[str]) -> str:
    # Blanks that look like a plain one, and are not, have a sign of their own.
    sign = {" ": "␣", "\t": "⇥"}.get(found[0], "⍽")
    return f'<span class="blank">{sign}</span>'


def _row(row: Mapping[str, Any], columns: Sequence[Column]) -> str:
    cells = []
    for column in columns:
        value = row.get(column.key)
        content = value.markup if isinstance(value, Html) else escape(text(value, column.decimals))
        cells.append(f'<td class="{column.align}">{content}</td>')
    return f"<tr>{''.join(cells)}</tr>"
