"""``sluss evaluate`` and ``sluss aml fit``: how good detection is, and the points it goes by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluss.cli.output import console, print_json

Data = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        help="A labelled set: transactions, customers and labels, each .csv or .csv.gz.",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds ``evaluate`` with its commands."""
    group = typer.Typer(help="Measure detection against labelled data.", no_args_is_help=True)
    group.callback()(_group)
    group.command("aml")(aml)
    app.add_typer(group, name="evaluate")


def aml(
    data: Data,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE.html", help="Write a page with the curves as well."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.json", help="Write the JSON as well.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts: one object.")
    ] = False,
) -> None:
    """Measure rules, scorecard and a reference on a labelled set.

    The set goes through the ordinary pipeline into a database of its own, which is dropped
    afterwards; labels never enter it. Points are fitted on the first 60 % of the days, chosen on
    the next 20 %, and all figures are of the last 20 %.

    Exit code 0: measured. 2: the folder holds no such set. 1: it was not loaded, or not published.
    """
    from sluss.aml import evaluate, summary

    said = console(stderr=True)
    result = evaluate.evaluate(data, lambda text: said.print(text, markup=False))
    if page:
        summary.write_page(result, page)
    if out:
        evaluate.write_json(result, out)
    if as_json:
        print_json(result)
    else:
        console().print(summary.text(result), markup=False)


def fit(
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE.csv", help="Where to.", show_default="seeds/aml_points.csv"
        ),
    ] = None,
    version: Annotated[int, typer.Option(min=1, help="The version that its rows bear.")] = 1,
) -> None:
    """Fit the scorecard's points on a labelled set, and write them as dbt's seed.

    The same set gives the same file. It is fitted on the first 60 % of the days and chosen on the
    next 20 %; the last 20 % are left for `sluss evaluate aml`. The next build scores by it.
    """
    from sluss.aml import evaluate, scorecard

    said = console(stderr=True)
    result = evaluate.fit(data, lambda text: said.print(text, markup=False))
    path = out or evaluate.POINTS_SEED
    scorecard.write(result["card"], path, version)
    chosen = result["chosen"]
    console().print(
        f"{path}: {len(result['card'].bins)} bins of {len(result['card'].features)} features, "
        f"average precision {chosen['average_precision']:.3f} on the days they were chosen on",
        markup=False,
    )


def _group() -> None:
    # With one command only, Typer would take `aml` for an argument.
    return None
