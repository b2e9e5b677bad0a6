"""Migrations up, down and up again, at once and beside other databases."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from psycopg2 import errors, sql

from loaders import database as db
from loaders import migrate
from loaders.errors import UserError
from tests.loader.conftest import query

OBJECTS = """
    select 'table', n.nspname || '.' || c.relname, coalesce(c.relacl::text, '')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('ops', 'staging')
    union all
    select 'function', p.oid::regprocedure::text, p.proacl::text || md5(p.prosrc)
    from pg_proc p where p.pronamespace = 'ops'::regnamespace
    union all
    select 'schema', nspname, nspowner::regrole || coalesce(nspacl::text, '')
    from pg_namespace
    where nspname in ('ops','staging','reference','intermediate','marts','snapshots','audit')
    order by 1, 2
"""


def test_up_down_and_up_gives_the_same_again(bare_database: Any) -> None:
    migrate.upgrade(bare_database.dsn)
    assert migrate.current(bare_database.dsn) == migrate.head()
    assert migrate.pending(bare_database.dsn) == []
    first = query(OBJECTS)
    assert ("table", "ops.loads") in [row[:2] for row in first]
    migrate.downgrade(bare_database.dsn, "base")
    assert migrate.current(bare_database.dsn) is None
    assert [row[1] for row in query(OBJECTS)] == [
        "ops",
        "ops.schema_version",
        "ops.schema_version_pkc",
    ]
    migrate.upgrade(bare_database.dsn)
    assert query(OBJECTS) == first


def test_each_migration_goes_down_by_itself(bare_database: Any) -> None:
    migrate.upgrade(bare_database.dsn)
    while (at := migrate.current(bare_database.dsn)) is not None:
        migrate.downgrade(bare_database.dsn, "-1")
        assert migrate.pending(bare_database.dsn)[0] == at
    migrate.upgrade(bare_database.dsn)


def test_a_second_upgrade_changes_nothing(database: Any) -> None:
    before = query("select xmin::text from pg_class where relname = 'loads'")
    migrate.upgrade(database.dsn)
    assert query("select xmin::text from pg_class where relname = 'loads'") == before


def test_a_downgrade_refuses_to_lose_lines_unless_told(database: Any) -> None:
    with closing(db.connect("sluss tests", role="sluss_owner")) as connection:
        connection.cursor().execute(
            "create table staging.one partition of staging.raw_bank_customers for values in (1);"
            "insert into staging.raw_bank_customers (_load_id, _line_no) values (1, 2)"
        )
        connection.commit()
    with pytest.raises(UserError, match="raw_bank_customers holds rows"):
        migrate.downgrade(database.dsn, "base")
    assert migrate.current(database.dsn) == migrate.head()
    migrate.downgrade(database.dsn, "base", allow_data_loss=True)
    assert migrate.current(database.dsn) is None


def test_several_processes_may_migrate_one_database_at_once(bare_database: Any) -> None:
    program = "from loaders import migrate; migrate.upgrade()"
    at_once = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in at_once] == [0, 0, 0]
    assert migrate.current(bare_database.dsn) == migrate.head()


def test_several_threads_may_migrate_one_database_at_once(bare_database: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate.upgrade(bare_database.dsn), range(4)))
    assert migrate.current(bare_database.dsn) == migrate.head()


def test_one_who_is_no_superuser_can_migrate_a_database_of_his_own(bare_database: Any) -> None:
    name = sql.Identifier(bare_database.name)
    with closing(db.connect("sluss tests")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("drop role if exists sluss_test_admin")
        cursor.execute("create role sluss_test_admin login createrole")
        cursor.execute(sql.SQL("alter database {} owner to sluss_test_admin").format(name))
        # The roles exist already on this cluster: whoever made them lets this login act as them.
        for role in ("sluss_owner", "sluss_transformer", "sluss_loader"):
            cursor.execute(
                sql.SQL(
                    "do $$ begin create role {0} nologin; exception when duplicate_object then "
                    "null; end $$; grant {0} to sluss_test_admin with admin option"
                ).format(sql.Identifier(role))
            )
        try:
            address = bare_database.dsn.replace("postgres@", "sluss_test_admin@")
            migrate.upgrade(address)
            assert migrate.current(address) == migrate.head()
            with closing(db.connect("sluss tests", "sluss_loader", address=address)) as own:
                own.cursor().execute("select count(*) from ops.loads")
            with (
                closing(db.connect("sluss tests", "sluss_loader", address=address)) as own,
                pytest.raises(errors.InsufficientPrivilege),
            ):
                own.cursor().execute("delete from ops.loads")
            migrate.downgrade(address, "base")
        finally:
            cursor.execute(sql.SQL("alter database {} owner to postgres").format(name))
            cursor.execute("drop owned by sluss_test_admin cascade; drop role sluss_test_admin")


def test_a_database_that_is_not_utf8_is_refused(bare_database: Any) -> None:
    other = bare_database.name + "_latin"
    with closing(db.connect("sluss tests")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        create = "create database {} encoding 'LATIN1' locale 'C' template template0"
        cursor.execute(sql.SQL(create).format(sql.Identifier(other)))
        try:
            with pytest.raises(UserError, match="encoded in LATIN1"):
                migrate.upgrade(bare_database.dsn.replace(bare_database.name, other))
        finally:
            cursor.execute(sql.SQL("drop database {}").format(sql.Identifier(other)))
