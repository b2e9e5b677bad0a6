"""Reads a report back as a browser would: its tables, its elements, its text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

Table = list[list[str]]


@dataclass
class Page:
    """A report: rows of cells for each table, under the heading it stands below."""

    path: Path
    html: str
    meta: dict[str, str] = field(default_factory=dict)
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tables: list[tuple[str, Table]] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    styles: str = ""
    text: str = ""
    # All that is not a script that runs: what came from the data is in here.
    own: str = ""

    def table(self, heading: str, place: int = 0) -> Table:
        """The rows of a table, without its head, by the heading above it."""
        return [table for above, table in self.tables if above == heading][place]

    def rows(self, heading: str, place: int = 0) -> dict[str, list[str]]:
        """The rows of a table by their first cell."""
        found = {row[0]: row[1:] for row in self.table(heading, place)}
        assert len(found) == len(self.table(heading, place)), "first cells are not unique"
        return found


def read_page(path: Path) -> Page:
    """Returns the report at ``path``."""
    page = Page(path, path.read_text(encoding="utf-8"))
    _Reader(page).feed(page.html)
    page.text = " ".join(page.text.split())
    return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.open: list[str] = []
        self.script_type = ""
        self.row: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.elements.append((tag, values))
        self.page.own += f" {tag} {' '.join(values.values())} "
        if tag == "meta":
            if values.get("name", "").startswith("sluss-"):
                self.page.meta[values["name"].removeprefix("sluss-")] = values["content"]
            return
        if tag == "script":
            self.script_type = values.get("type", "")
        if tag in ("h1", "h2", "h3"):
            self.page.headings.append("")
        if tag == "table":
            self.page.tables.append((self.page.headings[-1].strip("¶"), []))
        if tag == "tr":
            self.row = []
        if tag == "td" and self.row is not None:
            self.row.append("")
        if tag not in ("br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        if tag == "tr" and self.row:
            self.page.tables[-1][1].append([" ".join(cell.split()) for cell in self.row])
            self.row = None

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script" and self.script_type != "application/json":
            return
        self.page.own += data
        if inside == "script":
            self.page.figures.append(json.loads(data))
        elif inside == "style":
            self.page.styles += data
        else:
            self.page.text += data + " "
            if {"h1", "h2", "h3"} & set(self.open):
                self.page.headings[-1] += data
            if "td" in self.open and self.row:
                self.row[-1] += data + " "
