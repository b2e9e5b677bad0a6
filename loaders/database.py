"""Where the database is, and how to connect to it.

The address is, in this order: ``DATABASE_URL``; libpq's ``PGHOST`` and friends; the socket of the
embedded server under ``SLUSS_HOME``. Nothing is opened at import, and nothing is kept open.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import parse_dsn

from loaders.errors import DatabaseUnavailableError, UnusableInputError

DEFAULT_DATABASE = "sluss"
EMBEDDED_USER = "postgres"
EMBEDDED_PORT = 5432

# No statement of ours should take longer; the loader asks for more, for one COPY of a big file.
DEFAULT_STATEMENT_TIMEOUT_MS = 10 * 60 * 1000

# A client whose machine went away still holds its feed's lock. Ask after it within two minutes,
# where the operating system would take two hours. Sockets on the same machine ignore these
# settings.
SESSION_SETTINGS = {
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
}


def sluss_home() -> Path:
    """Returns ``SLUSS_HOME`` (default ``~/.sluss``): the embedded server's data and socket."""
    return Path(os.environ.get("SLUSS_HOME") or "~/.sluss").expanduser().absolute()


def socket_dir() -> Path:
    """Returns the directory of the embedded server's socket."""
    return sluss_home() / "socket"


def uses_embedded_server() -> bool:
    """True if neither ``DATABASE_URL`` nor ``PGHOST`` names another server."""
    return not (os.environ.get("DATABASE_URL") or os.environ.get("PGHOST"))


def dsn() -> str:
    """Returns the database's address as a ``postgresql://`` URL that any libpq client takes.

    A password in ``PGPASSWORD`` or in a password file stays there; one in ``DATABASE_URL`` is part
    of that URL: print :func:`describe` of it, never the address itself.
    """
    url = os.environ.get("DATABASE_URL")
    if url:
        # SQLAlchemy's way of naming a driver, which libpq does not know.
        return re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url)
    database = os.environ.get("PGDATABASE") or DEFAULT_DATABASE
    if uses_embedded_server():
        return _url(str(socket_dir()), str(EMBEDDED_PORT), EMBEDDED_USER, database)
    return _url(os.environ["PGHOST"], os.environ.get("PGPORT"), os.environ.get("PGUSER"), database)


def describe(address: str) -> str:
    """Returns ``address`` without its password, as people say it: ``sluss on db.bank.se:5432``."""
    parts = parse_dsn(address)
    host = parts.get("host") or "the default host"
    port = "" if host.startswith("/") else f":{parts.get('port', '5432')}"
    return f"{parts.get('dbname', DEFAULT_DATABASE)} on {host}{port}"


def connect(
    application_name: str = "sluss",
    role: str | None = None,
    statement_timeout_ms: int = DEFAULT_STATEMENT_TIMEOUT_MS,
    address: str | None = None,
) -> Connection:
    """Returns an open connection to ``address`` (default: :func:`dsn`).

    ``role`` is taken on with SET ROLE, so that a session can do no more than its work needs. Raises
    DatabaseUnavailableError, which says what to do, if nothing answers or the role is missing.
    """
    target = address or dsn()
    try:
        # client_encoding: COPY sends UTF-8, whatever PGCLIENTENCODING says.
        connection = psycopg2.connect(
            target, application_name=application_name, client_encoding="UTF8"
        )
    except psycopg2.OperationalError as error:
        raise DatabaseUnavailableError(_why_no_connection(target, error)) from error
    except psycopg2.ProgrammingError as error:
        raise UnusableInputError(
            "The address of the database cannot be read (DATABASE_URL must look like "
            f"postgresql://user@host:5432/sluss): {error}"
        ) from error
    settings = {"statement_timeout": str(statement_timeout_ms), **SESSION_SETTINGS}
    if role:
        settings["role"] = role
    try:
        with connection, connection.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("select set_config(%s, %s, false)", (name, value))
    except (errors.InvalidParameterValue, errors.InsufficientPrivilege) as error:
        connection.close()
        raise DatabaseUnavailableError(
            f"The role {role} cannot be taken on in {describe(target)}: run `sluss up`, which "
            f"creates it, or have it granted to your login. Postgres says: {_first_line(error)}"
        ) from error
    return connection


@contextmanager
def connected(connection: Connection) -> Iterator[Connection]:
    """Closes ``connection`` at the end of the block; what was not committed is rolled back."""
    try:
        yield connection
    finally:
        connection.close()


def _url(host: str, port: str | None, user: str | None, database: str) -> str:
    # The host goes into the query part: as a socket directory it holds slashes.
    query = urlencode(
        {"host": host, **({"port": port} if port else {})}, quote_via=quote, safe="/,"
    )
    login = f"{quote(user, safe='')}@" if user else ""
    return f"postgresql://{login}/{quote(database, safe='')}?{query}"


def _why_no_connection(target: str, error: Exception) -> str:
    said = _first_line(error)
    if not uses_embedded_server():
        advice = "check that it runs, and DATABASE_URL or PGHOST, PGPORT, PGUSER and PGDATABASE"
    else:
        advice = "run `sluss up`"
    if "does not exist" in said:
        return (
            f"No database or login of that name for {describe(target)}: {advice}. It says: {said}"
        )
    return f"No Postgres at {describe(target)}: {advice}. It says: {said}"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
