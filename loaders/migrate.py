"""Applies the migrations in :mod:`loaders.migrations`, without a configuration file.

Safe to run at any time, by several processes at once: they queue on a lock and the later ones find
nothing to do. All pending migrations are applied in one transaction, or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from loaders import database
from loaders.errors import UserError

# A migration may have to rewrite a table with years of lines in it.
MIGRATION_TIMEOUT_MS = 6 * 60 * 60 * 1000


# Alembic keeps what it is doing in a place that all threads of a process share.
_ALEMBIC = Lock()


class DataWouldBeLostError(UserError):
    """A down-migration would drop tables that hold lines."""


def upgrade(dsn: str | None = None, revision: str = "head") -> None:
    """Brings the database at ``dsn`` to ``revision``; does nothing if it is there already."""
    with _ALEMBIC, _connection(dsn) as connection:
        _refuse_unfit_server(connection)
        command.upgrade(_config(connection), revision)


def downgrade(dsn: str | None, revision: str, allow_data_loss: bool = False) -> None:
    """Takes the database at ``dsn`` back to ``revision`` (``base``: before the first migration).

    Raw lines exist nowhere else once a bank has discarded its files, so a downgrade that would drop
    tables with lines in them raises DataWouldBeLostError and changes nothing, unless
    ``allow_data_loss``. Roles stay: they belong to the whole cluster, and other databases use them.
    """
    with _ALEMBIC, _connection(dsn) as connection:
        command.downgrade(_config(connection, allow_data_loss=allow_data_loss), revision)


def current(dsn: str | None = None) -> str | None:
    """Returns the revision that the database at ``dsn`` is at, or None before the first."""
    with _connection(dsn) as connection:
        # Alembic looks the table up by name; without the schema it would fail, not answer None.
        context = MigrationContext.configure(
            connection, opts={"version_table": "schema_version", "version_table_schema": "ops"}
        )
        found: str | None = context.get_current_revision()
        return found


def head() -> str:
    """Returns the newest revision that this version of Sluss knows."""
    newest = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert newest is not None
    return newest


def pending(dsn: str | None = None) -> list[str]:
    """Returns the revisions that ``upgrade`` would apply to the database at ``dsn``, in order."""
    at = current(dsn)
    script = ScriptDirectory.from_config(_config(None))
    newer = [step.revision for step in script.iterate_revisions("head", at or "base")]
    return newer[::-1]


def _config(connection: Connection | None, **attributes: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes.update(attributes, connection=connection)
    return config


@contextmanager
def _connection(dsn: str | None) -> Iterator[Connection]:
    engine = create_engine(
        "postgresql+psycopg2://",
        creator=lambda: database.connect(
            "sluss migrate", statement_timeout_ms=MIGRATION_TIMEOUT_MS, address=dsn
        ),
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        yield connection


def _refuse_unfit_server(connection: Connection) -> None:
    version = int(connection.execute(text("show server_version_num")).scalar_one())
    if version < 160000:
        raise UserError(
            f"This server is PostgreSQL {version // 10000}; Sluss needs 16 or newer. Point PGHOST "
            "or DATABASE_URL at a newer server, or unset both to use the embedded one."
        )
    encoding: str = connection.execute(text("show server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise UserError(
            f"The database is encoded in {encoding}; Sluss needs UTF8, or å, ä and ö are lost. "
            "Create it with: create database sluss encoding 'UTF8' template template0"
        )
    connection.rollback()
