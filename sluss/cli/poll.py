"""``sluss poll``: asks the services that deliver a feed over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from loaders.polling.poll import PollResult


def register(app: typer.Typer) -> None:
    """Adds this module's command to ``app``."""
    app.command("poll")(poll)


def poll(
    name: Annotated[str, typer.Argument(metavar="NAME", help="cashflow")],
    generation: Annotated[
        int | None,
        typer.Option(help="Of the service.  [default: SLUSS_CDM_GENERATION, else 1]"),
    ] = None,
    business_date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The day of companies and rates, which bear none. Else today in Stockholm.",
        ),
    ] = None,
    budget: Annotated[float, typer.Option(min=0.1, help="Seconds for the whole poll.")] = 3_600,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for one answer.")] = 30,
    retries: Annotated[
        int, typer.Option(min=0, help="How often a question is asked again that went wrong.")
    ] = 6,
    page_rows: Annotated[
        int | None,
        typer.Option(min=2, help="Lines to ask for at once, where one can.  [default: 5000]"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts.")
    ] = False,
) -> None:
    """Ask a service for everything that is new, and load it.

    The address is in SLUSS_CDM_URL, a token in SLUSS_CDM_TOKEN. Every answer is kept in
    ops.http_answers before it is read, then loaded like a file: a load of its own. A poll that was
    ended goes on where it was. Generation 1 of the service cannot be asked twice: what it has lost
    is told here and kept in ops.http_gaps.

    Exit code 0: everything that is new is loaded. 1: something is missing, and the next poll may
    bring it, or never will; it says which. 2: an unusable setting.

    Example: SLUSS_CDM_URL=http://localhost:8080 sluss poll cashflow
    """
    from loaders.polling.api import PollLimits
    from loaders.polling.poll import poll as run
    from sluss.cli.output import console, print_json

    remarks = console(stderr=True)
    result = run(
        name,
        generation,
        business_date.date() if business_date else None,
        PollLimits(budget_seconds=budget, timeout_seconds=timeout, retries=retries),
        on_message=lambda text: remarks.print(f"  {text}", style="dim", markup=False),
        page_rows=page_rows,
    )
    if as_json:
        print_json({**result.model_dump(mode="json"), "is_whole": result.is_whole})
    else:
        _print(result)
    raise typer.Exit(0 if result.is_whole else 1)


def print_poll(out: Console, result: PollResult) -> None:
    """Prints what a poll brought, feed by feed."""
    from rich.table import Table

    out.print(
        f"{result.service} at {result.address}: {result.requests:,} requests in "
        f"{result.seconds:.1f} s",
        markup=False,
    )
    headings = ("answers", "loads", "lines", "malformed", "repeated", "empty", "spoiled", "refused")
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("feed")
    for heading in headings:
        table.add_column(heading, justify="right")
    for feed in result.feeds:
        counts = (
            *(feed.answers, feed.loaded, feed.lines, feed.malformed),
            *(feed.repeated, feed.empty, feed.spoiled, feed.refused),
        )
        table.add_row(feed.feed, *(f"{count:,}" for count in counts))
    out.print(table)


def _print(result: PollResult) -> None:
    from sluss.cli.output import console

    out, err = console(), console(stderr=True)
    print_poll(out, result)
    for feed in result.feeds:
        for warning in feed.warnings:
            err.print(f"{feed.feed}: {warning}", style="yellow", markup=False)
        for gap in feed.gaps:
            err.print(f"lost: {gap}", style="red", markup=False)
        if feed.problem:
            err.print(f"{feed.feed}: {feed.problem}", style="red", markup=False)
    if any(feed.loaded for feed in result.feeds):
        out.print("Next: `sluss build` publishes what is loaded, or says why it is held.")
