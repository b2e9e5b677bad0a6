"""``sluss load``, ``loads``, ``withdraw``: files in, the ledger, and a load out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sluss.cli.output import console, human_bytes, is_watched, print_json

if TYPE_CHECKING:
    from loaders.load import LoadResult, Progress

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for scripts.")]


def register(app: typer.Typer) -> None:
    """Adds this module's commands to ``app``."""
    app.command("load")(load)
    app.command("loads")(loads)
    app.command("withdraw")(withdraw)


def load(
    feed: Annotated[
        str,
        typer.Argument(metavar="FEED", help="bank_transactions, bank_customers, fx_rates, …"),
    ],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH…",
            help="Files, plain or .gz. Each is a load of its own. fx_rates without a file takes "
            "the history that comes with Sluss.",
        ),
    ] = None,
    business_date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The bank day of the files. Else: the date in the file's name, else today in "
            "Stockholm; the result says which.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The files' encoding, if not UTF-8: cp1252, utf-16. Never guessed."
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="C", help="The files' delimiter, if not the contract's: ';' or '\\t'."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Load a content again that was withdrawn.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load files of a feed into the database, each whole or not at all.

    A line that cannot be read is set aside in ops.malformed_lines with its number and reason; the
    rest of its file loads. A file that is broken as a whole is refused and leaves no trace but its
    row in the ledger. Content that is loaded already is not loaded twice.

    Exit code 0: every file is loaded. 2: a file was refused or unusable; the others are loaded. 1:
    the database failed.

    Example: sluss load bank_transactions transactions_2025-05-19.csv.gz
    """
    from loaders.errors import DatabaseUnavailableError, UserError
    from loaders.load import PurgedContentError, load_file

    results: list[dict[str, Any]] = []
    exit_code = 0
    for path in paths or [None]:  # type: ignore[list-item]
        name = path.name if path else feed
        try:
            with _progress(name, shown=is_watched() and not as_json) as (on_progress, on_message):
                result = load_file(
                    feed,
                    path,
                    business_date=business_date.date() if business_date else None,
                    encoding=encoding,
                    delimiter=delimiter,
                    again=again,
                    on_progress=on_progress,
                    on_message=on_message,
                )
        except DatabaseUnavailableError:
            raise  # the next file would not fare better
        except UserError as error:
            exit_code = max(exit_code, error.exit_code)
            is_purged = isinstance(error, PurgedContentError)
            status = "purged" if is_purged else "error"
            results.append(
                {"feed": feed, "file_name": name, "status": status, "reason": str(error)}
            )
            if is_purged and not error.exit_code and not as_json:
                console().print(f"{name}: {error}", markup=False)
            elif not as_json:
                console(stderr=True).print(f"{name}: error: {error}", style="red", markup=False)
            continue
        exit_code = max(exit_code, {"loaded": 0, "failed": 1, "refused": 2}[result.status])
        results.append({**result.model_dump(mode="json"), **_speed(result)})
        if not as_json:
            _print_result(result)
    if as_json:
        print_json(results)
    elif any(one["status"] == "loaded" for one in results):
        console().print("Next: `sluss build` publishes what is loaded, or says why it is held.")
    raise typer.Exit(exit_code)


def loads(
    feed: Annotated[str | None, typer.Option(help="Only this feed.")] = None,
    status: Annotated[
        str | None,
        typer.Option(help="Only running, loaded, refused, failed, withdrawn, purging or purged."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the ledger: every file that was offered, and what became of it."""
    from rich.table import Table

    from loaders import ledger
    from loaders.errors import UnusableInputError

    known = ("running", "loaded", "refused", "failed", "withdrawn", "purging", "purged")
    if status and status not in known:
        raise UnusableInputError(f"There is no status {status!r}; known are {', '.join(known)}.")
    rows = ledger.loads(feed, status, limit)
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    if not rows:
        console().print("No loads. `sluss load FEED PATH…` makes one.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in (
        "load",
        "feed",
        "status",
        "business date",
        "lines",
        "malformed",
        "file",
        "reason",
    ):
        table.add_column(heading, justify="right" if heading in ("lines", "malformed") else "left")
    for row in rows:
        table.add_row(
            str(row.load_id),
            row.feed,
            row.status,
            row.business_date.isoformat(),
            _count(row.line_count),
            _count(row.malformed_count),
            row.file_name.replace("[", r"\["),
            (row.reason or "").replace("[", r"\["),
        )
    console().print(table)


def withdraw(
    load_id: Annotated[int, typer.Argument(metavar="LOAD_ID", help="As `sluss loads` shows it.")],
    why: Annotated[str, typer.Option(help="The reason; it is kept in the ledger.")],
    as_json: AsJson = False,
) -> None:
    """Take a load out of the marts. Its raw lines and its row in the ledger stay.

    Its content is not loaded again by accident: `sluss load --again` does it on purpose.
    """
    from loaders import ledger

    row = ledger.withdraw(load_id, why)
    if as_json:
        print_json(row.model_dump(mode="json"))
        return
    out = console()
    out.print(f"Load {row.load_id} ({row.file_name}) is withdrawn: {row.reason}", markup=False)
    out.print("Next: `sluss build` takes its lines out of the marts.")


def _print_result(result: LoadResult) -> None:
    out = console()
    name = f"{result.feed}: {result.file_name}"
    if result.status != "loaded":
        console(stderr=True).print(
            f"{name}: {result.status} (load {result.load_id}). {result.reason}",
            style="red",
            markup=False,
        )
        return
    if result.already_loaded:
        out.print(
            f"{name}: this content is loaded already, as load {result.load_id}.", markup=False
        )
        return
    speed = _speed(result)
    out.print(
        f"{name}: load {result.load_id}, business date {result.business_date} "
        f"({result.business_date_source})",
        markup=False,
    )
    out.print(
        f"  {_count(result.line_count)} lines: {_count(result.loaded_count)} loaded, "
        f"{_count(result.malformed_count)} malformed; {_count(result.blank_count)} blank"
    )
    out.print(
        f"  {human_bytes(result.byte_count or 0)} in {result.seconds:.1f} s: "
        f"{speed['lines_per_second']:,} lines/s, {speed['megabytes_per_second']} MB/s"
    )
    if result.malformed_count:
        out.print(f"  malformed lines: ops.malformed_lines, load_id {result.load_id}")
    for warning in result.warnings:
        out.print(f"  warning: {warning}", style="yellow", markup=False)


def _speed(result: LoadResult) -> dict[str, float]:
    seconds = max(result.seconds, 1e-9)
    return {
        "lines_per_second": round((result.line_count or 0) / seconds),
        "megabytes_per_second": round((result.byte_count or 0) / seconds / 1e6, 1),
    }


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


@contextmanager
def _progress(name: str, shown: bool) -> Iterator[tuple[Progress | None, Callable[[str], None]]]:
    """Yields what to call with progress (None if nobody watches) and with messages."""
    err = console(stderr=True)
    if not shown:
        yield None, lambda message: err.print(message, markup=False)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
    with bar:
        task = bar.add_task(name.replace("[", r"\["), total=None)

        def on_progress(what: str, done: int, total: int | None) -> None:
            bar.update(
                task, description=f"{what} {name}".replace("[", r"\["), completed=done, total=total
            )

        yield on_progress, lambda message: bar.console.print(message, markup=False)
