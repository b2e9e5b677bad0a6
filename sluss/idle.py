"""What a build may leave out: the models of feeds that never came.

As long as no load of a domain's feeds ever stood, all its models are empty, and building them again
gives the same empty tables. What stands is built with everything else: the first build makes the
tables, and the first load of a feed brings its models in.
"""

from __future__ import annotations

from psycopg2.extensions import connection as Connection

from sluss.dbt import PROJECT

# Domains whose models hold nothing but what came of their feeds' lines; the folders of that name
# under models/<layer>/. Their feeds' names begin with it.
DOMAINS = ("cashflow",)


def idle_models(connection: Connection) -> list[str]:
    """Returns dbt's selection of the models that a build may leave out."""
    return [
        f"path:models/*/{domain}"
        for domain in DOMAINS
        if not _ever_came(connection, domain) and _is_built(connection, domain)
    ]


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
