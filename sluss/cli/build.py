"""``sluss build`` and ``sluss demo``: what is loaded becomes tables, or stays held and says why."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sluss.cli.output import console, is_watched, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from loaders.load import LoadResult
    from sluss.dbt import Progress


def register(app: typer.Typer) -> None:
    """Adds this module's commands to ``app``."""
    app.command("build")(build)
    app.command("demo")(demo)


def build(
    selection: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SELECTION…",
            help="Only these models, in dbt's syntax: fct_transactions, +dim_account, "
            "path:models/marts. Without it, all.",
        ),
    ] = None,
    full_refresh: Annotated[
        bool,
        typer.Option(
            "--full-refresh", help="Build every table anew, from all loads. The result is the same."
        ),
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Steps at a time.", show_default="as in profiles.yml"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts: one object.")
    ] = False,
) -> None:
    """Publish what is loaded: run dbt, test the tables, and say what is held and why.

    Prints each load that the build published, restated, held or took out again. A held load is in
    no mart; once its cause is mended, the next build publishes it, without loading it again.

    Exit code 0: all loads are published and all tests passed. 1: a load is held (all others are
    published), a test or a model failed, or no database answers. 2: the selection matches nothing.

    Only one build of a database runs at a time; the next waits for it.
    """
    import dataclasses

    from sluss.build import build as run_build
    from sluss.cli.screens import print_build

    err = console(stderr=True)
    with _progress("building", shown=is_watched() and not as_json) as on_progress:
        result = run_build(
            selection or (),
            full_refresh,
            threads,
            on_progress,
            lambda message: err.print(message, markup=False),
        )
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        print_build(console(), result)
    raise typer.Exit(0 if result.status == "published" else 1)


def demo(
    what: Annotated[
        Literal["bank", "cashflow"],
        typer.Argument(help="bank: a sample day. cashflow: a year from a simulated service."),
    ] = "bank",
) -> None:
    """Do the main job on a sample day, and show the day in one screen.

    Starts the database, loads the day in data/sample_day (5,000 lines with every defect that Sluss
    knows) and the exchange rates, and builds. A second time it finds the files loaded already, and
    changes nothing.

    `sluss demo cashflow` asks a simulated CDM API, which repeats, cuts and fails, for a year of 100
    companies (11,000 payments), builds, and holds their balances against the generator's key.
    """
    from sluss import server

    out, err = console(), console(stderr=True)

    def remark(text: str) -> None:
        err.print(f"  {text}", style="dim", markup=False)

    with _waiting(err, "bringing the database up"):
        up = server.up(remark)
    state = "was up already" if up.was_running or not up.embedded else "is up"
    out.print(f"  Postgres {up.server_version} {state}", markup=False)
    if what == "cashflow":
        _demo_cashflow(out, err, remark)
    else:
        _demo_bank(out, remark)


def _demo_bank(out: Console, remark: Callable[[str], None]) -> None:
    from sluss.cli.screens import print_build, print_day
    from sluss.demo import build_sample, load_sample

    def loaded(result: LoadResult) -> None:
        did = (
            f"loaded already, as load {result.load_id}"
            if result.already_loaded
            else f"load {result.load_id}, {result.line_count:,} lines in {result.seconds:.1f} s"
        )
        out.print(f"  {result.feed:<18} {result.file_name:<20} {did}", markup=False)

    loads = load_sample(remark, loaded)
    with _progress("building", shown=is_watched()) as on_progress:
        result = build_sample(loads, on_progress, remark)
    if result.day is None or result.build.status == "failed":
        print_build(out, result.build)
        raise typer.Exit(1)
    built = result.build
    out.print(f"  built in {built.seconds:.0f} s, {built.passed_count} tests passed")
    if result.changed_nothing:
        out.print(
            "  The files were loaded already: nothing was loaded, and the build changed nothing."
        )
    print_day(out, result.day, built.held, command=_own_name())
    raise typer.Exit(0 if built.status == "published" else 1)


def _demo_cashflow(out: Console, err: Console, remark: Callable[[str], None]) -> None:
    from sluss.cashflow_demo import build_year, load_year
    from sluss.cli.cashflow_screen import print_year
    from sluss.cli.poll import print_poll
    from sluss.cli.screens import print_build

    with _waiting(err, "asking the simulated service"):
        polled = load_year(remark)
    print_poll(out, polled)
    with _progress("building", shown=is_watched()) as on_progress:
        built, year = build_year(on_progress, remark)
    if year is None or built.status == "failed":
        print_build(out, built)
        raise typer.Exit(1)
    out.print(f"  built in {built.seconds:.0f} s, {built.passed_count} tests passed")
    if not any(feed.loaded for feed in polled.feeds):
        out.print("  The service had nothing new: nothing was loaded.")
    print_year(out, year, command=_own_name())
    raise typer.Exit(0 if built.status == "published" and not year.differing else 1)


def _own_name() -> str:
    """Returns what to type for this command: ``sluss``, or its path where it is not on PATH."""
    if shutil.which("sluss"):
        return "sluss"
    path = Path(sys.argv[0])
    if path.name != "sluss":
        return "sluss"
    inside = os.path.relpath(path)
    return str(path) if inside.startswith("..") else inside


@contextmanager
def _waiting(err: Console, what: str) -> Iterator[None]:
    if not is_watched():
        yield
        return
    with err.status(what):
        yield


@contextmanager
def _progress(what: str, shown: bool) -> Iterator[Progress | None]:
    """Yields what to call with the progress of a build; None if nobody watches."""
    if not shown:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    columns = (
        TextColumn(what),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        # Takes what is left of the line, so that the bar does not jump with the step's name.
        TextColumn(
            "[dim]{task.description}",
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
        ),
    )
    with Progress(*columns, console=console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task("reading the dbt project", total=None)
        yield lambda done, total, step: bar.update(
            task, completed=done, total=total, description=step.removeprefix("sql ")
        )
