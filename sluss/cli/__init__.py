"""The command line: ``sluss``. One module holds one group of commands.

A module of commands defines ``register(app)``, which adds its commands to the Typer app, and is
named in :data:`GROUPS`::

    def register(app: typer.Typer) -> None:
        app.command("load")(load)

``--help`` must answer at once, so such a module imports only typer and the standard library at its
top; psycopg2, dbt, pandas and the loaders are imported inside the commands. Commands are thin: they
turn arguments into a call of a function that Python can call too, and its result into text or
``--json`` (see :mod:`sluss.cli.output`).

Exit codes: 0 the command did what it says, 2 unusable input
(:class:`~loaders.errors.UnusableInputError`, or a bad argument), 1 anything else. A command raises
a :class:`~loaders.errors.UserError`, or ``typer.Exit(code)`` where the explanation is printed
already; ``main`` does the rest.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from loaders.errors import UserError

# In the order in which `sluss --help` shows them.
GROUPS = (
    "server",
    "loads",
    "poll",
    "build",
    "review",
    "report",
    "aml",
    "evaluate",
    "purge",
    "generate",
    "simulate",
)

EPILOG = (
    "The database lives under $SLUSS_HOME (~/.sluss), unless DATABASE_URL or PGHOST names another "
    "server. `sluss status --json` has the address for any Postgres client."
)


# SQLSTATE of a missing permission; the message names the table, never a value.
INSUFFICIENT_PRIVILEGE = "42501"


def build_app() -> typer.Typer:
    """Returns the whole command line with every group registered."""
    app = typer.Typer(
        name="sluss",
        help="A bank day's files go in, trusted tables come out, every line is accounted for.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        # Lines of a docstring flow together, whatever the width of the terminal.
        rich_markup_mode="markdown",
        # A traceback shows no local variables: they may hold personal data.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for group in GROUPS:
        importlib.import_module(f"{__name__}.{group}").register(app)
    return app


def main(args: Sequence[str] | None = None) -> None:
    """Runs the command line and exits; ``args`` default to those of the process."""
    app = build_app()
    try:
        app(args=list(args) if args is not None else None, prog_name="sluss")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        # The server went away, ran out of disk, was shut down: nothing that a traceback explains.
        # Asked by name, for psycopg2 is not imported where no database is needed.
        if type(error).__module__.startswith("psycopg2") and (cause := _operational(error)):
            print(f"error: the database gave up: {str(cause).strip()}", file=sys.stderr)
            sys.exit(1)
        if getattr(error, "pgcode", None) == INSUFFICIENT_PRIVILEGE:
            print(
                f"error: this login may not do that ({str(error).strip()}): see the roles in"
                " docs/operations.md, or ask the owner of the database",
                file=sys.stderr,
            )
            sys.exit(1)
        raise


def _operational(error: BaseException | None) -> Exception | None:
    import psycopg2

    if isinstance(error, psycopg2.InterfaceError):
        # A transaction cannot be rolled back on a connection that is lost; why it was comes before.
        error = error.__context__
    return error if isinstance(error, psycopg2.OperationalError) else None


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"sluss {version('sluss')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    # The docstring would replace the app's help text; the options are all that this function adds.
    del version
