"""``sluss up``, ``sluss down``, ``sluss status``: the database itself."""

from __future__ import annotations

import dataclasses
import time
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to ``app``."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("status")(status)


def up() -> None:
    """Start the database and bring its tables up to date.

    Starts the embedded Postgres under $SLUSS_HOME (creating it the first time), creates the
    database if it is missing, and applies the migrations. Safe to run at any time; it does only
    what is missing.

    Where DATABASE_URL or PGHOST is set, that server (16 or newer) is used instead, and only made
    ready.
    """
    from loaders.database import describe
    from sluss import server
    from sluss.cli.output import console, is_watched

    remarks = console(stderr=True)
    started = time.monotonic()

    def remark(text: str) -> None:
        remarks.print(f"  {text}", style="dim")

    if is_watched():
        with remarks.status("bringing the database up"):
            result = server.up(remark)
    else:
        result = server.up(remark)

    if not result.embedded:
        state = "ready"
    else:
        state = (
            "was up already" if result.was_running else f"up in {time.monotonic() - started:.1f} s"
        )
    out = console()
    out.print(f"[bold]Postgres {result.server_version}[/bold] {state}: {describe(result.dsn)}")
    if result.created_database:
        out.print("  database created")
    if result.applied_migrations:
        out.print(f"  migrations applied: {', '.join(result.applied_migrations)}")


def down() -> None:
    """Stop the embedded database; the data stays.

    Open transactions are rolled back and everything committed is on disk. A server that
    DATABASE_URL or PGHOST names is never stopped.
    """
    from loaders.database import describe, dsn, uses_embedded_server
    from sluss import server
    from sluss.cli.output import console, is_watched

    out, remarks = console(), console(stderr=True)
    if not uses_embedded_server():
        out.print(f"{describe(dsn())}: left running, as DATABASE_URL or PGHOST names it")
        return
    if is_watched():
        with remarks.status("stopping the database"):
            stopped = server.down(lambda text: remarks.print(f"  {text}", style="dim"))
    else:
        stopped = server.down(lambda text: remarks.print(f"  {text}"))
    out.print("stopped" if stopped else "was not running")


def status(
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="For scripts. `dsn` is the address for any Postgres client, a password in "
            "DATABASE_URL included.",
        ),
    ] = False,
) -> None:
    """Describe the database: where it is, its version, size, migrations and loads."""
    from loaders.database import describe
    from sluss import server
    from sluss.cli.output import console, human_bytes, print_json

    found = server.status()
    if as_json:
        print_json(dataclasses.asdict(found))
        return

    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")

    def line(name: str, value: str, style: str = "") -> None:
        table.add_row(name, Text(value, style=style))

    if found.running:
        line("database", f"running, Postgres {found.server_version}", "green")
    else:
        line("database", found.problem or "not running", "yellow")
    line("server", "embedded" if found.embedded else "your own (DATABASE_URL or PGHOST)")
    line("address", found.dsn if found.embedded else describe(found.dsn))
    if found.data_directory:
        line("data", str(found.data_directory))
    if found.disk_bytes is not None:
        line("on disk", human_bytes(found.disk_bytes))
    if found.running:
        if found.pending_migrations:
            waiting = ", ".join(found.pending_migrations)
            line("migrations", f"{waiting} not applied: run `sluss up`", "yellow")
        else:
            line("migrations", f"up to date ({found.migration_revision})")
        if found.loads is not None:
            counts = ", ".join(f"{count:,} {state}" for state, count in found.loads.items())
            line("loads", counts or "none yet: see `sluss load --help`")
    console().print(table)
