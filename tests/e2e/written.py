"""What the tables hold, and which of their rows were written since: versions, row by row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from tests.e2e.bank_model import Fact, Key, Outcome, Verdict
from tests.support import Row, rows

# Tables in which a load's rows stand: only the ones that differ may be written. Others are small,
# and written anew by every build.
KEPT = """
    select tables.table_schema, tables.table_name
    from information_schema.tables
    where tables.table_schema in ('marts', 'intermediate') and tables.table_type = 'BASE TABLE'
    and exists (
        select from information_schema.columns
        where columns.table_schema = tables.table_schema
        and columns.table_name = tables.table_name
        and column_name = any (
            case columns.table_schema when 'marts' then array['_load_id'] else array['_line_no'] end
        )
    )
    and not exists (
        select from pg_catalog.pg_inherits
        where inhrelid = format('%I.%I', tables.table_schema, tables.table_name)::regclass
    )
    order by 1, 2
"""
# Its grain is the id: all lines of an id are written again where one of them is touched.
WRITTEN_BY_ID = "intermediate.int_transactions__deduplicated"
VERSION = ("_table", "_xmin", "_ctid")


@dataclass(frozen=True)
class Tables:
    """Rows of the tables by name, and by version."""

    marts: dict[str, Counter[str]]
    rows: dict[str, list[Row]]
    versions: dict[str, dict[tuple[str, ...], Row]]


def text_of(row: Row) -> str:
    return repr(sorted(row.items(), key=lambda item: item[0]))


def look() -> Tables:
    """Takes down what the marts hold, and the versions of all rows that are kept by load."""
    found = Tables({}, {}, {})
    views = rows("select table_name from information_schema.views where table_schema = 'marts'")
    small = rows("select table_name from information_schema.tables where table_schema = 'marts'")
    kept = {(each["table_schema"], each["table_name"]) for each in rows(KEPT)}
    marts = {("marts", each["table_name"]) for each in [*views, *small]}
    leaves = {
        ("marts", each["leaf"])
        for each in rows(
            "select relname as leaf from pg_catalog.pg_class "
            "where relispartition and relnamespace = 'marts'::regnamespace"
        )
    }
    for schema, name in sorted((kept | marts) - leaves):
        relation = sql.Identifier(schema, name)
        if (schema, name) not in kept:
            table = rows(sql.SQL("select * from {}").format(relation))
        else:
            table = rows(
                sql.SQL(
                    "select tableoid::regclass::text as _table, xmin::text as _xmin, "
                    "ctid::text as _ctid, kept.* from {} as kept"
                ).format(relation)
            )
            found.versions[f"{schema}.{name}"] = {
                tuple(each.pop(column) for column in VERSION): each for each in table
            }
        if schema == "marts":
            found.rows[name] = table
            found.marts[name] = Counter(map(text_of, table))
    return found


def differences(before: Tables, after: Tables) -> list[str]:
    """How the marts differ, a few rows of each."""
    said = []
    for name in sorted(before.marts.keys() | after.marts.keys()):
        was, now = before.marts.get(name, Counter()), after.marts.get(name, Counter())
        for word, rows_there in (("gone", was - now), ("come", now - was)):
            if rows_there:
                said.append(f"{name}: {rows_there.total()} rows {word}, {list(rows_there)[:3]}")
    return said


def written(before: Tables, after: Tables, name: str) -> tuple[list[Row], list[Row]]:
    """The rows of a table that are gone, and those that came; a row that changed is in both."""
    was, now = before.versions[name], after.versions[name]
    return (
        [was[version] for version in was.keys() - now.keys()],
        [now[version] for version in now.keys() - was.keys()],
    )


def written_for_nothing(before: Tables, after: Tables) -> list[str]:
    """Rows that a build wrote though they say what they said before."""
    said = []
    for name in sorted((before.versions.keys() & after.versions.keys()) - {WRITTEN_BY_ID}):
        gone, came = (Counter(map(text_of, each)) for each in written(before, after, name))
        if gone & came:
            said.append(f"{name}: {(gone & came).total()} rows, {list(gone & came)[:3]}")
    return said


def disagreements(verdict: Verdict, tables: Tables) -> list[str]:
    """Where the marts say something else than the model."""
    said: list[str] = []

    def compare(what: str, expected: dict[Any, Any], found: dict[Any, Any]) -> None:
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key) != found.get(key):
                said.append(f"{what} of {key}: {found.get(key)}, not {expected.get(key)}")

    reports = tables.rows["rpt_load_reconciliation"]
    with_gate = [each for each in reports if each["feed"] != "fx_rates"]
    compare("gate", verdict.gates, {each["_load_id"]: each["gate"] for each in with_gate})
    compare(
        "counts",
        verdict.counts,
        {
            each["_load_id"]: {
                outcome: each[f"{outcome}_count"]
                for outcome in ("accepted", "rejected", "duplicate")
            }
            for each in reports
            if each["feed"] == "bank_transactions"
        },
    )
    compare("difference", {}, {e["_load_id"]: e for e in reports if e["difference_count"]})

    outcomes: dict[Key, Outcome] = {}
    facts: dict[Key, Fact] = {}
    for each in tables.rows["fct_transactions"]:
        key = (each["_load_id"], each["_line_no"])
        assert key not in outcomes, "one line, one outcome"
        outcomes[key] = ("accepted", frozenset())
        facts[key] = Fact(
            each["transaction_id"],
            each["booked_date"],
            each["business_date"],
            each["amount"],
            each["currency"],
            each["amount_sek"],
            each["fx_rate_date"],
            frozenset(flag for flag in each["flags"] if flag.startswith("fx.")),
        )
    for each in tables.rows["fct_rejections"]:
        key = (each["_load_id"], each["_line_no"])
        assert key not in outcomes, "one line, one outcome"
        outcomes[key] = (each["outcome"], frozenset(each["rule_ids"]))
    compare("outcome", verdict.outcomes, outcomes)
    compare("fact", verdict.facts, facts)
    compare(
        "correction",
        verdict.corrections,
        {
            (each["_load_id"], each["_line_no"]): tuple(
                each[name] for name in ("field", "raw_value", "clean_value", "rule_id")
            )
            for each in tables.rows["fct_corrections"]
        },
    )
    return said
