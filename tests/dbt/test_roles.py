"""Who sees what of the tables that dbt built: readers no personal data, investigators all."""

from __future__ import annotations

import pytest
from psycopg2 import errors, sql

from tests.support import row, rows

READER, INVESTIGATOR = "sluss_reader", "sluss_investigator"
BUILT_SCHEMAS = ("reference", "intermediate", "marts", "snapshots", "audit")

# Told apart here once more, not read from the project: this is the promise.
PERSONAL = {
    "dim_customer": {"customer_name", "address", "phone", "personnummer"},
    "fct_rejections": {"raw"},
    "dim_company": {"owner_name", "address"},
    "fct_cash_quarantine": {"raw"},
}
# The sample day is a bank's; what they hold is protected all the same.
EMPTY = {"dim_company", "fct_cash_quarantine"}

pytestmark = pytest.mark.usefixtures("sample_day")


def columns_of_marts() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in rows(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'marts' "
        # Partitions are read through their table.
        "and not (select relispartition from pg_class "
        "where oid = format('marts.%I', table_name)::regclass) "
        "order by table_name, ordinal_position"
    ):
        found.setdefault(each["table_name"], []).append(each["column_name"])
    return found


def select(table: str, *columns: str, schema: str = "marts") -> sql.Composed:
    return sql.SQL("select {} from {} limit 5").format(
        sql.SQL(", ").join(sql.Identifier(name) for name in columns) if columns else sql.SQL("*"),
        sql.Identifier(schema, table),
    )


def is_forbidden(statement: str | sql.Composed, role: str) -> bool:
    try:
        rows(statement, role=role)
    except errors.InsufficientPrivilege:
        return True
    return False


def test_there_is_something_to_protect() -> None:
    marts = columns_of_marts()
    assert marts.keys() > PERSONAL.keys()
    assert len(marts) >= 10
    for table, personal in PERSONAL.items():
        assert personal <= set(marts[table])
        assert bool(rows(select(table, *sorted(personal)))) is (table not in EMPTY)


def test_a_reader_sees_every_column_but_the_personal_ones() -> None:
    for table, columns in columns_of_marts().items():
        hidden = PERSONAL.get(table, set())
        rows(select(table, *(name for name in columns if name not in hidden)), role=READER)
        for name in hidden:
            assert is_forbidden(select(table, name), READER), f"{table}.{name}"
        assert is_forbidden(select(table), READER) is bool(hidden), table


def test_a_reader_reads_transactions() -> None:
    counted = row("select count(*) as lines from marts.fct_transactions", role=READER)
    assert counted["lines"] > 4_000


def test_a_customer_is_a_pseudonym_to_a_reader() -> None:
    """Neither the personnummer nor anything that can be worked out of it without the secret."""
    customers = rows("select customer_id, personnummer from marts.dim_customer")
    for each in customers:
        assert each["personnummer"] not in each["customer_id"]
        assert each["personnummer"].replace("-", "") not in each["customer_id"]
    guessed = row(
        "select count(*) as found from marts.dim_customer where customer_id in ("
        "md5(personnummer), encode(sha256(convert_to(personnummer, 'UTF8')), 'hex'), "
        "md5(replace(personnummer, '-', '')), "
        "encode(sha256(convert_to(replace(personnummer, '-', ''), 'UTF8')), 'hex'))"
    )
    assert guessed["found"] == 0
    for role in (READER, INVESTIGATOR):
        assert is_forbidden("select value from ops.settings", role)


def test_an_investigator_sees_the_marts_in_full() -> None:
    for table in columns_of_marts():
        rows(select(table), role=INVESTIGATOR)
    seen = row(
        "select customer_name, address, phone, personnummer from marts.dim_customer limit 1",
        role=INVESTIGATOR,
    )
    assert all(seen.values())


@pytest.mark.parametrize("role", [READER, INVESTIGATOR])
def test_who_reads_marts_reads_what_the_rules_mean(role: str) -> None:
    seeds = rows("select tablename from pg_tables where schemaname = 'reference'")
    assert len(seeds) >= 7
    for each in seeds:
        assert rows(select(each["tablename"], schema="reference"), role=role), each


# What an investigator reviews: rejected lines of held loads, and what others said about a line.
REVIEWED = {
    ("intermediate", "int_transactions__held"),
    ("ops", "review_proposals"),
    ("ops", "review_decisions"),
}


@pytest.mark.parametrize(("role", "but"), [(READER, set()), (INVESTIGATOR, REVIEWED)])
def test_who_reads_marts_reads_nothing_behind_them(role: str, but: set[tuple[str, str]]) -> None:
    tables = rows(
        "select schemaname, tablename from pg_tables "
        "where schemaname in ('staging', 'intermediate', 'snapshots', 'audit', 'ops') "
        "union all select schemaname, viewname from pg_views "
        "where schemaname in ('staging', 'intermediate', 'snapshots', 'audit')"
    )
    assert {each["schemaname"] for each in tables} >= {"staging", "intermediate", "snapshots"}
    for each in tables:
        name = (each["schemaname"], each["tablename"])
        statement = select(name[1], schema=name[0])
        assert is_forbidden(statement, role) is (name not in but), name


@pytest.mark.parametrize("role", [READER, INVESTIGATOR])
def test_who_reads_marts_cannot_write_them(role: str) -> None:
    granted = rows(
        "select table_schema, table_name, privilege_type from information_schema.column_privileges "
        "where grantee in (%s, 'PUBLIC') and privilege_type <> 'SELECT' "
        "and table_schema in ('ops', 'staging', 'reference', 'intermediate', 'marts', "
        "'snapshots', 'audit')",
        (role,),
    )
    assert granted == []
    tables = rows("select tablename from pg_tables where schemaname = 'marts'")
    for table in [each["tablename"] for each in tables]:
        relation = sql.Identifier("marts", table)
        for statement in ("delete from {}", "truncate {}", "drop table {}", "lock table {}"):
            assert is_forbidden(sql.SQL(statement).format(relation), role), (table, statement)
    assert is_forbidden("create table marts.mine ()", role)


def test_the_loader_reads_no_mart() -> None:
    for table, columns in columns_of_marts().items():
        assert is_forbidden(select(table, columns[0]), "sluss_loader"), table


def test_the_transformer_owns_what_dbt_built() -> None:
    built = rows(
        "select schemaname || '.' || tablename as name, tableowner as owner from pg_tables "
        "where schemaname = any(%(schemas)s) "
        "union all select schemaname || '.' || viewname, viewowner from pg_views "
        "where schemaname = any(%(schemas)s) or schemaname = 'staging'",
        {"schemas": list(BUILT_SCHEMAS)},
    )
    assert len(built) > 40
    assert {each["name"] for each in built if each["owner"] != "sluss_transformer"} == set()
    raw = rows("select tablename, tableowner from pg_tables where schemaname = 'staging'")
    assert {each["tableowner"] for each in raw} == {"sluss_owner"}
