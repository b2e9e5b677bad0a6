"""`sluss generate`: synthetic input in the feeds' formats, each with an answer key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds ``generate`` with one command a feed."""
    group = typer.Typer(
        help="Makes synthetic input in a feed's own format, with an answer key.",
        no_args_is_help=True,
    )
    group.command("bank")(bank)
    group.command("cashflow")(cashflow)
    app.add_typer(group, name="generate")


def bank(
    rows: Annotated[
        int,
        typer.Option(
            help="Records in transactions.csv, broken lines included; a day has a million."
        ),
    ],
    out: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for the three files; made if missing.")
    ],
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same bytes, on any machine.")
    ] = 1,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Business date.  [default: 2025-05-19]"),
    ] = None,
    accounts: Annotated[
        int | None,
        typer.Option(
            help="Accounts in the register.  [default: a tenth of the rows, 50 to 25,000]"
        ),
    ] = None,
    days: Annotated[
        int, typer.Option(help="So many days from --day on, each in a folder named for its date.")
    ] = 1,
    plant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN[=N]",
            help="Plants N attempts of a suspicious pattern over the days, on top of --rows: all, "
            "burst, smurfing, chain, cycle, structuring, pass_through, dormant. Repeatable.",
        ),
    ] = None,
) -> None:
    """Makes a day of the bank feed: customers.csv, transactions.csv and key.json.

    About 93 % of the lines are clean. The others hold every defect that Sluss knows, in fixed
    shares, and key.json says for each of them what must become of it, and which sum per currency
    must be accepted. Every class of defect occurs from 2,000 rows on, every raw form of it from
    5,000.

    Days with the same seed and number of accounts share one register: give another --day for the
    next day.

    With --plant, the member "planted" of key.json labels every planted line with its pattern,
    attempt, role and hop.

    Example: sluss generate bank --rows 5000 --seed 7 --out day
    """
    import time

    from loaders.generators.bank import DEFAULT_BUSINESS_DATE, generate_bank

    start = time.perf_counter()
    if plant or days != 1:
        _run_of_days(rows, seed, out, day, accounts, days, plant or [])
        return
    with _progress(rows) as advance:
        made = generate_bank(
            rows=rows,
            seed=seed,
            out=out,
            day=day.date() if day is not None else DEFAULT_BUSINESS_DATE,
            accounts=accounts,
            progress=advance,
        )
    seconds = time.perf_counter() - start
    typer.echo(
        f"{out / 'customers.csv'}: {made.accounts:,} accounts\n"
        f"{out / 'transactions.csv'}: {made.rows:,} records of {made.business_date}, "
        f"{made.blank_lines:,} blank lines\n"
        f"{out / 'key.json'}: {made.accepted:,} accepted ({made.corrected:,} of them corrected), "
        f"{made.rejected:,} rejected, {made.duplicate:,} duplicate, {made.malformed:,} malformed\n"
        f"{seconds:.1f} s, {made.rows / max(seconds, 1e-9):,.0f} records/s"
    )


def _run_of_days(
    rows: int,
    seed: int,
    out: Path,
    day: datetime | None,
    accounts: int | None,
    days: int,
    plant: list[str],
) -> None:
    from loaders.generators.bank import DEFAULT_BUSINESS_DATE, generate_bank_days
    from loaders.generators.bank.patterns import read_attempts

    with _progress(rows) as advance:
        made = generate_bank_days(
            rows=rows,
            seed=seed,
            out=out,
            days=days,
            plant=read_attempts(plant),
            day=day.date() if day is not None else DEFAULT_BUSINESS_DATE,
            accounts=accounts,
            progress=advance,
        )
    for each in made:
        folder = out if days == 1 else out / each.business_date.isoformat()
        typer.echo(f"{folder}: {each.rows:,} records, {each.planted:,} of them planted")


def cashflow(
    out: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for the five files; made if missing.")
    ],
    size: Annotated[
        str, typer.Option(help="small, medium (a million SWIFT lines) or large (ten million).")
    ] = "small",
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same bytes, on any machine.")
    ] = 1,
) -> None:
    """Makes a year of the cashflow feed: companies, rates, SEPA and SWIFT, and key.json.

    Small is 100 companies, 1,000 SEPA and 10,000 SWIFT lines; medium 1,000, 100,000 and 1,000,000;
    large 10,000, 1,000,000 and 10,000,000. About 4 % of the transfers are not clean: batch payments
    (some with a half that comes a day late), redeliveries, id collisions, invalid IBANs, missing
    and unknown currencies. key.json says for each of these lines what must become of it, and what
    every company holds at every quarter's end.

    The rates are of 2025-12-31: load them with that business date. `sluss simulate cdm` serves the
    files as the API does.

    Example: sluss generate cashflow --size small --seed 7 --out cash
    """
    import time

    from loaders.generators.cashflow import SIZES, generate_cashflow

    start = time.perf_counter()
    lines = SIZES[size].sepa + SIZES[size].swift if size in SIZES else 0
    with _progress(lines) as advance:
        made = generate_cashflow(size=size, seed=seed, out=out, progress=advance)
    seconds = time.perf_counter() - start
    typer.echo(f"{out / 'companies.csv'}: {made.companies:,} companies, {made.accounts:,} accounts")
    for feed, counts in made.counts.items():
        typer.echo(
            f"{out / feed}.csv: {counts.lines:,} lines, {counts.accepted:,} accepted, "
            f"{counts.quarantined:,} quarantined, {counts.duplicate:,} duplicate"
        )
    typer.echo(
        f"{out / 'rates.csv'}, {out / 'key.json'}\n"
        f"{seconds:.1f} s, {lines / max(seconds, 1e-9):,.0f} lines/s"
    )


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[int], None] | None]:
    """Yields what to call with the number of records so far; None if nobody watches."""
    from sluss.cli.output import console, is_watched

    if not is_watched():
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("generating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=rows)
        yield lambda done: bar.update(task, completed=done)
