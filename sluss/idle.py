"""What a build may leave out: the models of feeds that never came, and detection where it is off.

As long as no load of a domain's feeds ever stood, all its models are empty, and building them again
gives the same empty tables. What stands is built with everything else: the first build makes the
tables, and the first load of a feed brings its models in.

Nothing reads what detection finds but people, so a bank that has a system of its own for that may
go without: ``SLUSS_DETECTION=off``.
"""

from __future__ import annotations

import os

from psycopg2.extensions import connection as Connection

from loaders.errors import UnusableInputError
from sluss.dbt import PROJECT

# Domains whose models hold nothing but what came of their feeds' lines; the folders of that name
# under models/<layer>/. Their feeds' names begin with it.
DOMAINS = ("cashflow",)
# The same for suspicious payments, which are looked for in what the bank's feeds published.
DETECTION = ("aml", "aml_rules")


def switched_off() -> list[str]:
    """Returns dbt's selection of the models that ``SLUSS_DETECTION`` says to leave out: of none, or
    of detection's. Raises UnusableInputError if it is neither ``on`` nor ``off``."""
    wish = os.environ.get("SLUSS_DETECTION", "on").strip().lower()
    if wish not in ("on", "off"):
        raise UnusableInputError(
            f"SLUSS_DETECTION is {wish!r}. Set it to on, or to off for builds that look for no "
            "suspicious payments."
        )
    return selection(DETECTION) if wish == "off" else []


def selection(domains: tuple[str, ...]) -> list[str]:
    """Returns dbt's selection of all models of these domains."""
    return [f"path:models/*/{domain}" for domain in domains]


def idle_models(connection: Connection) -> list[str]:
    """Returns dbt's selection of the models whose feeds never came, and whose tables stand."""
    idle = [
        domain
        for domain in DOMAINS
        if not _ever_came(connection, domain) and _is_built(connection, domain)
    ]
    return selection(tuple(idle))


def _ever_came(connection: Connection, domain: str) -> bool:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from ops.loads where starts_with(feed, %s)"
            " and status not in ('refused', 'failed'))",
            (f"{domain}_",),
        )
        (found,) = cursor.fetchone() or (True,)
    return bool(found)


def _is_built(connection: Connection, domain: str) -> bool:
    """True if every model of the domain stands, as a table or a view."""
    names = [path.stem for path in (PROJECT / "models").glob(f"*/{domain}/*.sql")]
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(distinct relname) from pg_class"
            " inner join pg_namespace on relnamespace = pg_namespace.oid"
            " where relname = any (%s) and nspname in ('staging', 'intermediate', 'marts')",
            (names,),
        )
        (count,) = cursor.fetchone() or (0,)
    return bool(names) and count == len(names)
