"""The executed notebook as one HTML file: no code, nothing from elsewhere, nothing that can act.

The file states which scripts may run, by their hashes: plotly's and the few lines that draw the
figures. Should a value of a file ever come through as markup, it would still not run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sluss.dbt import REPOSITORY
from sluss.report.load import Load

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = REPOSITORY / "notebooks" / "templates"
TEMPLATE = TEMPLATES / "day_report"

PLOTLY = "application/vnd.plotly.v1+json"

# A cell with this tag is for people who have the notebook open.
_NOTEBOOK_ONLY = "notebook-only"


def render(notebook: NotebookNode, load: Load) -> str:
    """Returns the page of an executed notebook about ``load``."""
    return render_page(notebook, TEMPLATE.name, load=load)


def render_page(notebook: NotebookNode, template: str, **about: object) -> str:
    """Returns the page of an executed notebook in a template, which is given ``about``."""
    from nbconvert.exporters import HTMLExporter
    from plotly.offline import get_plotlyjs

    scripts = [get_plotlyjs(), (TEMPLATE / "figures.js").read_text(encoding="utf-8")]
    exporter = HTMLExporter(template_name=template, extra_template_basedirs=[str(TEMPLATES)])
    exporter.register_filter("figure_data", _figure_data)
    exporter.register_filter("figure_title", _figure_title)
    notebook = _for_reading(notebook)
    page, _ = exporter.from_notebook_node(
        notebook,
        resources={
            **about,
            "plotly_mime": PLOTLY,
            "contents": _contents(notebook.cells),
            "scripts": scripts,
            "policy": _policy(scripts),
            "css": [
                (TEMPLATE / name).read_text(encoding="utf-8")
                for name in ("page.css", "fragments.css")
            ],
        },
    )
    return str(page)


def heading_before(cells: Sequence[NotebookNode], index: int) -> str:
    """Returns the heading that the cell at ``index`` stands under."""
    for cell in reversed(cells[: index + 1]):
        if cell.cell_type == "markdown":
            for line in reversed(cell.source.splitlines()):
                if line.startswith("#"):
                    return str(line.lstrip("# ").strip())
    return "the beginning"


def _for_reading(notebook: NotebookNode) -> NotebookNode:
    """Returns the notebook without what the report leaves out.

    That is cells for people who have the notebook open, and parts whose cells show nothing: a held
    load has no payments to draw.
    """
    from copy import deepcopy

    kept: list[NotebookNode] = []
    for part in _parts(notebook.cells):
        cells = [cell for cell in part if _NOTEBOOK_ONLY not in cell.metadata.get("tags", [])]
        code = [cell for cell in cells if cell.cell_type == "code"]
        if not code or any(cell.outputs for cell in code):
            kept += cells
    copy = deepcopy(notebook)
    copy.cells = kept
    return copy


def _parts(cells: Sequence[NotebookNode]) -> list[list[NotebookNode]]:
    """Returns the cells part by part: a part begins with a heading."""
    parts: list[list[NotebookNode]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            parts.append([])
        parts[-1].append(cell)
    return parts


def _contents(cells: Sequence[NotebookNode]) -> list[str]:
    """Returns the headings of the second level, in order."""
    return [
        line[3:].strip()
        for cell in cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]


def _figure_title(figure: dict[str, Any]) -> str:
    return str(figure["layout"].get("title", {}).get("text", ""))


def _figure_data(figure: dict[str, Any]) -> str:
    """Returns the figure as JSON that may stand inside a script element, without its title."""
    layout = {key: value for key, value in figure["layout"].items() if key != "title"}
    layout["margin"] = {**layout.get("margin", {}), "t": 10}
    plain = json.dumps({"data": figure["data"], "layout": layout}, ensure_ascii=False)
    return plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _policy(scripts: Sequence[str]) -> str:
    """Returns the content security policy of the page."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
