"""Alembic's entry: runs the migrations on the connection that :mod:`loaders.migrate` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

VERSION_SCHEMA = "ops"
VERSION_TABLE = "schema_version"

# Any number will do, as long as all versions of Sluss agree on it.
MIGRATION_LOCK = 7355608


def run(connection) -> None:  # type: ignore[no-untyped-def]
    """Applies the migrations asked for, one process at a time, all of them or none."""
    context.configure(
        connection=connection,
        version_table=VERSION_TABLE,
        version_table_schema=VERSION_SCHEMA,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        # Taken before the version is read: whoever waits here then finds nothing left to do.
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text(f"create schema if not exists {VERSION_SCHEMA}"))
        context.run_migrations()


run(context.config.attributes["connection"])
