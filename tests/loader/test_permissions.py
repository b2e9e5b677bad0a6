"""Who may do what: the loader only its own load, dbt only reading, everybody else nothing."""

# ruff: noqa: S608 - the names in these statements are the tests' own

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from loaders import database, ledger
from loaders.copier import Fingerprint
from loaders.load import load_file
from tests.loader.conftest import DAY, lines, query, text


@pytest.fixture(scope="module")
def loaded(module_database: object, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The id of a load that is done."""
    path = tmp_path_factory.mktemp("day") / "day.csv"
    path.write_bytes(text(*lines(20), "broken"))
    return load_file("bank_transactions", path, business_date=DAY).load_id


@pytest.fixture
def own_load(loaded: int) -> Iterator[tuple[Connection, int, str]]:
    """A session of the loader with a load under way: connection, load id, partition."""
    with closing(ledger.connect("sluss tests")) as connection:
        ledger.lock_feed(connection, "bank_transactions")
        content = Fingerprint("a" * 64, 1)
        load_id = ledger.open_load(connection, "bank_transactions", "x.csv", content, DAY)
        yield connection, load_id, ledger.begin_load(connection, load_id)


def forbidden(connection: Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        with pytest.raises(errors.InsufficientPrivilege):
            cursor.execute(statement)
        connection.rollback()


def test_the_loader_can_write_its_own_partition_only(
    own_load: tuple[Connection, int, str], loaded: int
) -> None:
    connection, _, partition = own_load
    with connection.cursor() as cursor:
        cursor.execute(f"insert into staging.{partition} (_line_no) values (2)")
    forbidden(
        connection, f"insert into staging.{partition} (_line_no, _load_id) values (2, {loaded})"
    )
    other = f"staging.raw_bank_transactions_{loaded}"
    forbidden(connection, f"insert into {other} (_line_no) values (99)")
    forbidden(
        connection,
        f"insert into staging.raw_bank_transactions (_load_id, _line_no) values ({loaded}, 99)",
    )


@pytest.mark.parametrize(
    "statement",
    [
        "update staging.raw_bank_transactions set amount = '1'",
        "delete from staging.raw_bank_transactions",
        "truncate staging.raw_bank_transactions",
        "update staging.raw_bank_transactions_{0} set amount = '1'",
        "delete from staging.raw_bank_transactions_{0}",
        "drop table staging.raw_bank_transactions_{0}",
        "select from staging.raw_bank_transactions",
        "update ops.loads set status = 'failed'",
        "delete from ops.loads",
        "insert into ops.loads (feed) values ('bank_transactions')",
        "update ops.malformed_lines set reason = ''",
        "delete from ops.malformed_lines",
        "insert into ops.malformed_lines values ({0}, 99, 'not mine', '')",
        "select from ops.settings",
        "select ops.finish_load({0}, 0, 0, 0, '{{}}')",
        "select ops.end_load({0}, 'failed', 'x', 0, 0, 0, '{{}}')",
        "select ops.begin_load({0})",
        "create table staging.mine ()",
        "create table ops.mine ()",
        "create schema mine",
    ],
)
def test_the_loader_cannot(loaded: int, statement: str) -> None:
    with closing(ledger.connect("sluss tests")) as connection:
        forbidden(connection, statement.format(loaded))


def test_the_loader_cannot_end_a_load_of_another_session(
    own_load: tuple[Connection, int, str],
) -> None:
    _, load_id, _ = own_load
    with closing(ledger.connect("sluss tests")) as other:
        forbidden(other, f"select ops.end_load({load_id}, 'failed', 'x', 0, 0, 0, '{{}}')")
        forbidden(other, f"insert into ops.malformed_lines values ({load_id}, 2, 'x', '')")


def test_a_finished_load_is_closed_to_the_loader(own_load: tuple[Connection, int, str]) -> None:
    from loaders.copier import Outcome

    connection, load_id, partition = own_load
    ledger.finish_load(connection, load_id, Outcome())
    connection.commit()
    forbidden(connection, f"insert into staging.{partition} (_line_no) values (2)")
    forbidden(connection, f"insert into ops.malformed_lines values ({load_id}, 2, 'x', '')")


def test_the_transformer_reads_raw_lines_ledger_and_settings(loaded: int) -> None:
    def count(table: str) -> int:
        found: int = query(f"select count(*) from {table}", role="sluss_transformer")[0][0]
        return found

    assert count(f"staging.raw_bank_transactions where _load_id = {loaded}") == 20
    assert count(f"staging.raw_bank_transactions_{loaded}") == 20
    assert count(f"ops.malformed_lines where load_id = {loaded}") == 1
    assert count(f"ops.loads where load_id = {loaded}") == 1
    assert count("ops.settings where name = 'customer_id_pepper'") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "insert into staging.raw_bank_transactions_{0} (_line_no) values (99)",
        "delete from staging.raw_bank_transactions",
        "update ops.loads set status = 'failed'",
        "insert into ops.malformed_lines values ({0}, 99, 'x', '')",
        "update ops.settings set value = ''",
        "select ops.withdraw_load({0}, 'x')",
        "select ops.try_lock_feed('bank_transactions')",
        "create table ops.mine ()",
        "create schema mine",
    ],
)
def test_the_transformer_cannot(loaded: int, statement: str) -> None:
    with closing(database.connect("sluss tests", role="sluss_transformer")) as connection:
        forbidden(connection, statement.format(loaded))


@pytest.mark.parametrize(
    "schema", ["staging", "reference", "intermediate", "marts", "snapshots", "audit"]
)
def test_the_transformer_builds_in(module_database: object, schema: str) -> None:
    view = f"create view {schema}.built as select 1 as one; drop view {schema}.built"
    assert query(view, role="sluss_transformer") == []


@pytest.mark.parametrize("role", ["sluss_reader", "sluss_investigator"])
def test_readers_see_marts_and_reference_and_no_raw_line(loaded: int, role: str) -> None:
    query(
        f"create table if not exists marts.shown (); grant select on marts.shown to {role}",
        role="sluss_transformer",
    )
    assert query("select count(*) from marts.shown", role=role) == [(0,)]
    with closing(database.connect("sluss tests", role=role)) as connection:
        for statement in (
            "select from staging.raw_bank_transactions",
            "select from ops.loads",
            "select from ops.settings",
            "create table marts.mine ()",
        ):
            forbidden(connection, statement)


def test_a_login_without_role_has_nothing(loaded: int) -> None:
    query(
        "do $$ begin create role sluss_test_stranger; exception when duplicate_object then null; "
        "end $$"
    )
    try:
        with closing(database.connect("sluss tests", role="sluss_test_stranger")) as connection:
            for schema in ("ops", "staging", "reference", "intermediate", "marts", "snapshots"):
                forbidden(connection, f"create table {schema}.mine ()")
            forbidden(connection, "select from ops.loads")
            forbidden(connection, "select ops.withdraw_load(1, 'x')")
    finally:
        query("drop role sluss_test_stranger")


def test_public_may_run_no_function_of_ops(module_database: object, tmp_path: Path) -> None:
    found = query(
        "select proname from pg_proc where pronamespace = 'ops'::regnamespace "
        "and (proacl is null or proacl::text ~ '[{,]=X')"
    )
    assert found == []
