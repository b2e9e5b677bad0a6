"""What a purge removes from the tables that dbt owns: found in the catalog, whatever they are.

A table that is partitioned by load loses partitions, which takes the same time however many lines
they hold; any other table with a column ``_load_id`` or ``load_id`` loses rows. Stored failures of
tests without such a column are dropped: the next red test makes them anew. Tables without it in
other schemas are dbt's to make again from what remains.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders import retention
from loaders.errors import UserError

OWNER = "sluss_transformer"
AUDIT = "audit"

# Whoever reads a table keeps its partitions from being dropped, and whoever comes after the drop
# waits behind it: so it is tried for a moment, and again.
_LOCK_TIMEOUT = "3s"
_LOCK_ATTEMPTS = 20
_LOCK_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Table:
    """A table, with the column that says of which load a row is, if it has one."""

    schema: str
    name: str
    load_column: str | None
    is_partitioned_by_load: bool
    row_estimate: float
    byte_count: int

    @property
    def title(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Composable:
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True)
class Share:
    """How much of a table belongs to some loads, as the planner estimates it."""

    table: str
    rows: int
    bytes: int


def tables(connection: Connection, owner: str = OWNER) -> list[Table]:
    """Returns all tables of ``owner``, those that are partitions of another one left out."""
    with connection, connection.cursor() as cursor:
        cursor.execute(_TABLES, (owner,))
        return [Table(*row) for row in cursor.fetchall()]


def shares(connection: Connection, loads: Sequence[int]) -> list[Share]:
    """Returns what each table holds of ``loads``, estimated, the raw tables included."""
    found = []
    for table in [*tables(connection), *tables(connection, "sluss_owner")]:
        if table.load_column is None or table.title in ("ops.loads", "ops.purges"):
            continue
        share = _share(connection, table, loads)
        if share and share.rows:
            found.append(share)
    return sorted(found, key=lambda share: -share.bytes)


def remove(
    connection: Connection,
    purge_id: int,
    loads: Sequence[int],
    on_progress: Callable[[str], None] = lambda table: None,
) -> None:
    """Removes ``loads`` from every table of dbt; each table, or partition, is one transaction.

    May be killed and called again. Raises UserError where somebody reads a table for so long that
    its partitions cannot be dropped.
    """
    deleted_from = []
    for table in tables(connection):
        on_progress(table.title)
        if table.load_column is None:
            if table.schema == AUDIT:
                _drop_failures(connection, purge_id, table)
            continue
        if table.is_partitioned_by_load:
            for partition in _partitions(connection, table, loads):
                _drop(connection, purge_id, table, partition)
        if _delete(connection, purge_id, table, loads):
            deleted_from.append(table)
    _vacuum(connection, [table.identifier for table in deleted_from])


def leftovers(connection: Connection, loads: Sequence[int]) -> list[str]:
    """Returns the tables of dbt that hold a row of ``loads``."""
    return [
        table.title
        for table in tables(connection)
        if table.load_column and _exists(connection, _where("exists (select from", table), loads)
    ]


def vacuum_ledger(purger: Connection) -> None:
    """Does the same for what the loader keeps; needs PostgreSQL 17, where a role may be let."""
    if purger.server_version >= 170000:
        with purger, purger.cursor() as cursor:
            cursor.execute(_MAINTAINED)
            names = [name for (name,) in cursor.fetchall()]
        _vacuum(purger, [sql.Identifier("ops", name) for name in names])


def is_built(connection: Connection, relation: str) -> bool:
    """Returns whether there is a table or view of that name."""
    return _exists(connection, sql.SQL("select to_regclass(%s) is not null"), relation)


# Integers only: a column of another kind under that name is somebody else's.
_TABLES = """
select
    namespace.nspname,
    class.relname,
    load_column.attname,
    coalesce(
        pg_get_partkeydef(class.oid) = 'LIST (' || quote_ident(load_column.attname) || ')', false
    ),
    greatest(class.reltuples, 0),
    pg_total_relation_size(class.oid)
from pg_class as class
inner join pg_namespace as namespace on class.relnamespace = namespace.oid
left join lateral (
    select attname
    from pg_attribute
    where attrelid = class.oid and attnum > 0 and not attisdropped
        and attname in ('_load_id', 'load_id')
        and atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
    order by attname
    limit 1
) as load_column on true
where class.relkind in ('r', 'p') and not class.relispartition
    and class.relowner = %s::regrole
    and namespace.nspname not like 'pg\\_%%' and namespace.nspname <> 'information_schema'
order by namespace.nspname, class.relname
"""

# The migrations say which tables the purger may maintain.
_MAINTAINED = """
select relname
from pg_class
where relnamespace = 'ops'::regnamespace and relkind = 'r'
    and has_table_privilege(oid, 'MAINTAIN')
order by relname
"""

_PARTITIONS = """
select
    namespace.nspname, class.relname, pg_get_expr(class.relpartbound, class.oid),
    greatest(class.reltuples, 0), pg_total_relation_size(class.oid)
from pg_inherits as inherits
inner join pg_class as class on inherits.inhrelid = class.oid
inner join pg_namespace as namespace on class.relnamespace = namespace.oid
where inherits.inhparent = %s::regclass and not inherits.inhdetachpending
order by class.relname
"""


@dataclass(frozen=True)
class _Partition:
    identifier: sql.Composable
    rows: float
    bytes: int


def _partitions(connection: Connection, table: Table, loads: Sequence[int]) -> Iterator[_Partition]:
    """Yields the partitions that hold nothing but ``loads``."""
    with connection, connection.cursor() as cursor:
        cursor.execute(_PARTITIONS, (table.identifier.as_string(connection),))
        found = cursor.fetchall()
    for schema, name, bound, rows, byte_count in found:
        # FOR VALUES IN (7, 8); the default partition has none, and keeps its rows for the delete.
        values = {int(value) for value in re.findall(r"-?\d+", bound)}
        if values and values <= set(loads):
            yield _Partition(sql.Identifier(schema, name), rows, byte_count)


def _share(connection: Connection, table: Table, loads: Sequence[int]) -> Share | None:
    if table.is_partitioned_by_load:
        found = list(_partitions(connection, table, loads))
        rows = sum(partition.rows for partition in found)
        return Share(table.title, round(rows), sum(partition.bytes for partition in found))
    try:
        with connection, connection.cursor() as cursor:
            explain = sql.SQL("explain (format json) {}").format(_where("select from", table))
            cursor.execute(explain, (list(loads),))
            (plan,) = cursor.fetchone() or ([],)
    except errors.InsufficientPrivilege:
        return None
    rows = min(plan[0]["Plan"]["Plan Rows"], table.row_estimate)
    return Share(
        table.title, round(rows), round(table.byte_count * rows / max(table.row_estimate, 1))
    )


def _drop_failures(connection: Connection, purge_id: int, table: Table) -> None:
    if not _exists(connection, sql.SQL("select exists (select from {})").format(table.identifier)):
        return

    def drop() -> None:
        with connection, connection.cursor() as cursor:
            _expect_lock_soon(cursor)
            cursor.execute(sql.SQL("drop table {}").format(table.identifier))
            _note(cursor, purge_id, table.title, "tables", 1)

    patiently(drop, table.title)


def _drop(connection: Connection, purge_id: int, table: Table, partition: _Partition) -> None:
    def drop() -> None:
        with connection, connection.cursor() as cursor:
            _expect_lock_soon(cursor)
            cursor.execute(sql.SQL("drop table {}").format(partition.identifier))
            _note(cursor, purge_id, table.title, "partitions", 1)

    patiently(drop, table.title)


def _delete(connection: Connection, purge_id: int, table: Table, loads: Sequence[int]) -> bool:
    with connection, connection.cursor() as cursor:
        cursor.execute(_where("delete from", table), (list(loads),))
        count = cursor.rowcount
        if count:
            _note(cursor, purge_id, table.title, "rows", count)
    return count > 0


def _note(cursor: Cursor, purge_id: int, table: str, what: str, count: int) -> None:
    """Enters what was removed, in the transaction that removes it."""
    cursor.execute("set local role " + retention.ROLE)
    cursor.execute("select ops.note_purged(%s, %s, %s, %s)", (purge_id, table, what, count))


def _vacuum(connection: Connection, identifiers: Sequence[sql.Composable]) -> None:
    """Takes deleted rows out of the files, too; until then they can be read there."""
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for identifier in identifiers:
                cursor.execute(sql.SQL("vacuum (analyze) {}").format(identifier))
    finally:
        connection.autocommit = False


def patiently(drop: Callable[[], None], title: str) -> None:
    """Calls ``drop`` until it gets its lock; raises UserError where that takes too long."""
    for _ in range(_LOCK_ATTEMPTS):
        try:
            drop()
            return
        except errors.LockNotAvailable:
            time.sleep(_LOCK_PAUSE_SECONDS)
    raise UserError(
        f"Somebody reads {title} all the time, so nothing can be dropped from it. What was removed "
        "so far is gone; run `sluss purge` again, it goes on from here."
    )


def _expect_lock_soon(cursor: Cursor) -> None:
    cursor.execute("select set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))


def _where(what: str, table: Table) -> sql.Composed:
    assert table.load_column
    statement = sql.SQL(what + " {} where {} = any (%s)").format(
        table.identifier, sql.Identifier(table.load_column)
    )
    return sql.SQL("select {})").format(statement) if what.startswith("exists") else statement


def _exists(connection: Connection, query: sql.Composable, value: object = None) -> bool:
    values = (list(value) if isinstance(value, list | tuple) else value,)
    with connection, connection.cursor() as cursor:
        cursor.execute(query, values if value is not None else None)
        row = cursor.fetchone()
    return bool(row and row[0])
