"""The database that Sluss works in: brings it up, takes it down, describes it.

It is the embedded server (:mod:`sluss.embedded`), unless ``DATABASE_URL`` or ``PGHOST`` names
another one. Another one is made ready in the same way, but never started, stopped or reconfigured.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from loaders.errors import DatabaseUnavailableError, UserError
from sluss.settings import Home, check_home, home

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

OLDEST_VERSION = 16

# Databases that every server has; one of them is where `create database` is said.
MAINTENANCE_DATABASES = ("postgres", "template1")


@dataclass(frozen=True)
class UpResult:
    """What :func:`up` found and did."""

    dsn: str
    embedded: bool
    server_version: str
    was_running: bool
    created_database: bool
    applied_migrations: list[str]


@dataclass(frozen=True)
class Status:
    """The state of the database; what cannot be known while it is down is None."""

    running: bool
    embedded: bool
    dsn: str
    home: Path
    data_directory: Path | None
    # Why it does not answer, in words; None while it runs.
    problem: str | None = None
    server_version: str | None = None
    # The embedded server's whole data directory, or another server's database.
    disk_bytes: int | None = None
    migration_revision: str | None = None
    pending_migrations: list[str] = field(default_factory=list)
    # Loads by status, as the ledger has them; None before the first migration.
    loads: dict[str, int] | None = None


def up(remark: Callable[[str], None] = lambda text: None) -> UpResult:
    """Makes the database ready: server running, database created, migrations applied.

    Does only what is missing, so it may be called at any time, also by two people at once: the
    second waits for the first. ``remark`` is told, in words, what takes time or changes something.
    """
    from loaders import database, migrate

    embedded = database.uses_embedded_server()
    place = home()
    started = False
    with _locked(place, remark) if embedded else _unlocked():
        if embedded:
            from sluss.embedded import ensure_started

            started = ensure_started(place, remark)
        dsn = database.dsn()
        created = _ensure_database(dsn)
        with closing(database.connect("sluss up", address=dsn)) as connection:
            version = _check_version(connection)
            apply_database_settings(connection)
        pending = migrate.pending(dsn)
        if pending:
            migrate.upgrade(dsn)
    return UpResult(
        dsn=dsn,
        embedded=embedded,
        server_version=version,
        was_running=not started,
        created_database=created,
        applied_migrations=pending,
    )


def down(remark: Callable[[str], None] = lambda text: None) -> bool:
    """Stops the embedded server; False if it was not running. Another server is left as it is."""
    from loaders import database

    place = home()
    if not database.uses_embedded_server() or not place.data_directory.exists():
        return False
    from sluss.embedded import stop

    with _locked(place, remark):
        return stop(place, remark)


def status() -> Status:
    """Describes the database without changing anything."""
    from loaders import database, migrate

    embedded = database.uses_embedded_server()
    place = home()
    dsn = database.dsn()
    data = place.data_directory if embedded else None
    problem = _why_down(place) if embedded else None
    if problem is None:
        try:
            connection = database.connect("sluss status", address=dsn)
        except DatabaseUnavailableError as error:
            problem = str(error)
    if problem is not None:
        return Status(
            running=False,
            embedded=embedded,
            dsn=dsn,
            home=place.path,
            data_directory=data,
            problem=problem,
            disk_bytes=_directory_bytes(data) if data else None,
        )
    with closing(connection):
        version = _value(connection, "show server_version")
        size = _value(connection, "select pg_database_size(current_database())")
        loads = _loads_by_status(connection)
    return Status(
        running=True,
        embedded=embedded,
        dsn=dsn,
        home=place.path,
        data_directory=data,
        server_version=str(version).split(" ")[0],
        disk_bytes=(_directory_bytes(data) if data else None) or int(str(size)),
        migration_revision=migrate.current(dsn),
        pending_migrations=migrate.pending(dsn),
        loads=loads,
    )


def _why_down(place: Home) -> str | None:
    from sluss.embedded import server_pid

    if not place.data_directory.exists():
        return f"no database server in {place.path} yet: run `sluss up`"
    if server_pid(place) is None:
        return "stopped: run `sluss up`"
    return None


@contextmanager
def _locked(place: Home, remark: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock of ``place``; it ends with the process, however that ends."""
    check_home(place)
    try:
        # Started by root, the server runs as another user, who has to pass through.
        place.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        file = os.open(place.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(
            f"cannot write to SLUSS_HOME, {place.path} ({error.strerror}). "
            "Set SLUSS_HOME to a directory of yours."
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remark(f"another sluss up or down is at work in {place.path}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


@contextmanager
def _unlocked() -> Iterator[None]:
    # Another server guards itself: `create database` and the migrations queue up there.
    yield


def _ensure_database(dsn: str) -> bool:
    """Creates the database that ``dsn`` names if the server has none of that name."""
    import psycopg2
    from psycopg2 import errors, sql
    from psycopg2.extensions import make_dsn, parse_dsn

    from loaders.database import connect

    try:
        connect("sluss up", address=dsn).close()
        return False
    except DatabaseUnavailableError as error:
        refusal = error
    # A failed connection carries no error code, and its text is in the server's language: look it
    # up.
    address = parse_dsn(dsn)
    name = address.get("dbname", "")
    for maintenance in MAINTENANCE_DATABASES:
        try:
            connection = connect("sluss up", address=make_dsn(**{**address, "dbname": maintenance}))
        except DatabaseUnavailableError:
            continue
        with closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select 1 from pg_database where datname = %s", (name,))
                if not name or cursor.fetchone():
                    break
                _check_version(connection)
                create = sql.SQL("create database {} encoding 'UTF8' template template0")
                try:
                    cursor.execute(create.format(sql.Identifier(name)))
                except (errors.DuplicateDatabase, errors.UniqueViolation):
                    return False  # somebody else was faster
                except psycopg2.Error as error:
                    raise UserError(
                        f"the database {name} does not exist and could not be created: "
                        f"{str(error).strip()}. Have it created, or use a login that may."
                    ) from error
                return True
    raise refusal


def _check_version(connection: Connection) -> str:
    if connection.server_version < OLDEST_VERSION * 10000:
        raise UserError(
            f"this server is PostgreSQL {connection.server_version // 10000}; Sluss needs "
            f"{OLDEST_VERSION} or newer. Point PGHOST or DATABASE_URL at a newer one, or unset "
            "both to use the embedded server."
        )
    # Some builds add their packager: "18.4 (Debian 18.4-1)".
    return str(_value(connection, "show server_version")).split(" ")[0]


def apply_database_settings(connection: Connection) -> None:
    """Sets what every connection to this database shall have, where nobody has set it."""
    from psycopg2 import errors, sql

    from sluss.postgres_conf import DATABASE_SETTINGS

    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            select split_part(setting, '=', 1)
            from pg_db_role_setting, unnest(setconfig) as setting
            where setrole = 0
                and setdatabase = (select oid from pg_database where datname = current_database())
            """
        )
        present = {row[0].lower() for row in cursor.fetchall()}
        cursor.execute("select current_database()")
        (name,) = cursor.fetchone() or ("",)
        for setting, value in DATABASE_SETTINGS.items():
            if setting in present:
                continue
            statement = sql.SQL("alter database {} set {} to {}").format(
                sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)
            )
            try:
                cursor.execute(statement)
            except errors.InsufficientPrivilege:
                connection.rollback()
                return  # another server whose owner decides; the loader sets its own timeouts


def _loads_by_status(connection: Connection) -> dict[str, int] | None:
    if _value(connection, "select to_regclass('ops.loads')") is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("select status, count(*) from ops.loads group by status order by status")
        return dict(cursor.fetchall())


def _value(connection: Connection, query: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    return row[0] if row else None


def _directory_bytes(directory: Path) -> int | None:
    """Returns what the files below ``directory`` take on disk; None if we may not look."""
    if not os.access(directory, os.R_OK | os.X_OK):
        return None
    total = 0
    for parent, _, files in os.walk(directory):
        for file in files:
            try:
                total += os.lstat(os.path.join(parent, file)).st_blocks * 512
            except FileNotFoundError:  # Postgres removed it meanwhile
                continue
    return total
