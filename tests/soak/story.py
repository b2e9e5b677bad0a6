"""A few small days at a bank, kept as they stood before and after each, to be lived through again.

Three steps, each a few loads and a build: the first day, from nothing; a second day that repeats
lines of the first; a corrected register with the first day withdrawn. The last restates what
stands: lines of an account that is gone are rejected, second copies take the place of first ones.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import make_dsn

from loaders import ledger
from loaders.generators.bank import generate_bank
from loaders.load import LoadResult, load_file
from sluss import embedded, server
from sluss.build import BuildResult, build
from sluss.settings import Home
from tests.conftest import REPOSITORY
from tests.support import row, rows
from tests.unit.generated_day import read_day

MONDAY = date(2025, 5, 19)
TUESDAY = MONDAY + timedelta(days=1)
LINES, ACCOUNTS, SEED = 2_000, 250, 11

# All databases of the story take this name in turn: dbt reads its project anew for another.
NAME = "sluss"

# Seeds do not change, and what the data tests look at is compared row by row here.
QUICK = "seed test"


@dataclass(frozen=True)
class Load:
    """A file that is loaded."""

    feed: str
    path: Path | None
    day: date | None

    @property
    def arguments(self) -> list[str]:
        path = [] if self.path is None else [str(self.path)]
        day = [] if self.day is None else ["--business-date", self.day.isoformat()]
        return ["load", self.feed, *path, *day]

    def __call__(self) -> LoadResult:
        return load_file(self.feed, self.path, business_date=self.day)


@dataclass(frozen=True)
class Step:
    """Loads, in their order, the name of a file whose load is withdrawn, and then a build."""

    name: str
    loads: Sequence[Load]
    withdrawn: str | None = None
    with_seeds: bool = False


@dataclass(frozen=True)
class Outcome:
    """What all tables hold, loads called by their files."""

    tables: dict[str, Counter[tuple[str, str]]]
    ledger: Counter[tuple[str, ...]]
    applied: Counter[tuple[str, str]]


@dataclass
class Story:
    """The steps, and what came of each when nobody disturbed it."""

    home: Home
    folder: Path
    steps: list[Step]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    # How many steps of dbt its build took.
    step_counts: dict[str, int] = field(default_factory=dict)

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def begin(self, step: Step) -> None:
        """Puts the database back to where it stood before the step."""
        copy_database(self.home, f"before_{step.name}", NAME)

    def act(self, step: Step) -> None:
        """Does what comes before the step's build."""
        for load in step.loads:
            result = load()
            assert result.status == "loaded", result.reason
        self.withdraw(step)

    def withdraw(self, step: Step) -> None:
        if step.withdrawn:
            found = [each for each in ledger.loads() if each.file_name == step.withdrawn]
            if not any(each.status == "withdrawn" for each in found):
                (load_id,) = [each.load_id for each in found if each.status == "loaded"]
                ledger.withdraw(load_id, "the file of another system")


def administrate(home: Home, *statements: sql.Composable) -> None:
    address = make_dsn(host=str(home.socket_directory), user="postgres", dbname="postgres")
    with closing(psycopg2.connect(address)) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)


def copy_database(home: Home, source: str, target: str) -> None:
    """Makes ``target`` anew, as a copy of ``source``; nobody may be connected to the latter."""
    names = sql.Identifier(target), sql.Identifier(source)
    administrate(
        home,
        sql.SQL("drop database if exists {} with (force)").format(names[0]),
        sql.SQL("create database {} template {}").format(*names),
        # A copied sequence is not logged anew before the next checkpoint: after a crash it would
        # give the same numbers again.
        sql.SQL("checkpoint"),
    )


@contextmanager
def in_home(home: Home) -> Iterator[None]:
    """Has the environment point at a home's server while the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_HOME", str(home.path))
        patch.delenv("PGDATABASE", raising=False)
        yield


@contextmanager
def own_server(folder: Path) -> Iterator[Home]:
    """A server that may be killed, with its home in ``folder``; not yet in the environment."""
    home = Home(folder / "home")
    with in_home(home):
        server.up()
    try:
        yield home
    finally:
        with in_home(home):
            server.up()
            server.down()


@contextmanager
def quickly(step: Step, with_tests: bool = False) -> Iterator[None]:
    """Has dbt leave out what the story does not need."""
    left_out = QUICK.split()
    if step.with_seeds:
        left_out.remove("seed")
    if with_tests:
        left_out.remove("test")
    with pytest.MonkeyPatch.context() as patch:
        if left_out:
            patch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", " ".join(left_out))
        yield


def ordinary_build(step: Step, with_tests: bool = False) -> BuildResult:
    """Builds as `sluss build` does, and demands that all is published."""
    with quickly(step, with_tests):
        result = build()
    assert result.status == "published", result.failures or result.held
    return result


def killable(
    victim: str, point: str, delay: float, *command: str
) -> subprocess.CompletedProcess[str]:
    """Runs :mod:`tests.soak.killable` in a process group of its own, to its end."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.killable", victim, point, str(delay), *command],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def server_is_up(home: Home) -> bool:
    return embedded.server_pid(home) is not None


# --- what the tables hold -------------------------------------------------------------------------

NAMES = """
select
    load_id,
    feed || ' ' || file_name || case status when 'withdrawn' then ', withdrawn' else '' end as name
from ops.loads
where status in ('loaded', 'withdrawn')
"""


def outcome() -> Outcome:
    """Returns what the marts, the snapshots, the ledger and the record of the loads hold."""
    tables = {}
    # Partitions are called by their loads, whose numbers have gaps after a crash.
    found = rows(
        "select relations.relnamespace::regnamespace::text as table_schema, "
        "relations.relname as table_name, exists (select from pg_attribute as columns "
        "where columns.attrelid = relations.oid and columns.attname = '_load_id') as is_by_load "
        "from pg_class as relations "
        "where relations.relnamespace::regnamespace::text in ('marts', 'snapshots') "
        "and relations.relkind in ('r', 'p', 'v') and not relations.relispartition "
        "order by table_schema, table_name"
    )
    for table in found:
        statement = (
            "select coalesce(named.name, 'unknown ' || lines._load_id) as name, "
            "cast(to_jsonb(lines) - '_load_id' as text) as content "
            "from {} as lines left join ({}) as named on lines._load_id = named.load_id"
            if table["is_by_load"]
            else "select '' as name, cast(to_jsonb(lines) as text) as content from {} as lines"
        )
        each = sql.SQL(statement).format(
            sql.Identifier(table["table_schema"], table["table_name"]), sql.SQL(NAMES)
        )
        tables[f"{table['table_schema']}.{table['table_name']}"] = Counter(
            (line["name"], line["content"]) for line in rows(each)
        )
    return Outcome(tables, contents_of_ledger(), contents_of_applied())


def contents_of_ledger() -> Counter[tuple[str, ...]]:
    """What is loaded or withdrawn, each with its numbers and its raw lines as counted."""
    found = []
    for each in rows("select * from ops.loads where status in ('loaded', 'withdrawn')"):
        raw = row(
            sql.SQL("select count(*) as lines, count(distinct _line_no) as numbers from {}").format(
                sql.Identifier("staging", f"raw_{each['feed']}_{each['load_id']}")
            )
        )
        assert raw["lines"] == raw["numbers"] == each["line_count"] - each["malformed_count"]
        about = ("feed", "file_name", "sha256", "line_count", "malformed_count", "status")
        found.append(tuple(str(each[name]) for name in about))
    return Counter(found)


def contents_of_applied() -> Counter[tuple[str, str]]:
    statement = (
        "select applied.model, named.name from intermediate.applied_loads as applied "
        "left join ({}) as named using (load_id)"
    )
    found = rows(sql.SQL(statement).format(sql.SQL(NAMES)))
    return Counter((each["model"], str(each["name"])) for each in found)


def assert_in_order() -> None:
    """Demands what must hold after every ordinary run, whatever came before it."""
    assert rows("select load_id from ops.loads where status = 'running'") == []
    twice = rows(
        "select _load_id, _line_no from ("
        "select _load_id, _line_no from marts.fct_transactions "
        "union all select _load_id, _line_no from marts.fct_rejections"
        ") as lines group by _load_id, _line_no having count(*) > 1"
    )
    assert twice == [], "one line, one outcome"
    unaccounted = rows(
        "select _load_id from marts.rpt_load_reconciliation where difference_count <> 0 or "
        "line_count <> accepted_count + rejected_count + duplicate_count + malformed_count"
    )
    assert unaccounted == []
    # What a load or a model had under way when it was killed.
    half = rows(
        "select relations.relname from pg_class as relations "
        "inner join pg_namespace as schemas on relations.relnamespace = schemas.oid "
        "where relations.relkind in ('r', 'p', 'v') and ("
        "relations.relname ~ '__dbt_(tmp|backup)' or (schemas.nspname = 'staging' "
        "and relations.relkind = 'r' and not relations.relispartition))"
    )
    assert half == []
    behind = rows(
        "select applied.model, applied.load_id from intermediate.applied_loads as applied "
        "inner join intermediate.int_loads__published as wanted using (load_id) "
        "where applied.model in ('fct_transactions', 'fct_rejections', 'fct_corrections') "
        "and applied.version <> wanted.version"
    )
    assert behind == []


def assert_same(found: Outcome, expected: Outcome) -> None:
    """Compares row by row, and says of a table that differs how and where."""
    assert found.ledger == expected.ledger
    assert found.tables.keys() == expected.tables.keys()
    for name, table in expected.tables.items():
        missing, extra = table - found.tables[name], found.tables[name] - table
        assert not missing, f"{name}: {missing.total()} rows missing, {list(missing)[:2]}"
        assert not extra, f"{name}: {extra.total()} rows too many, {list(extra)[:2]}"
    assert found.applied == expected.applied


# --- the files ------------------------------------------------------------------------------------


def tell_story(home: Home, folder: Path) -> Story:
    """Writes the files, lives through all steps undisturbed, and keeps what stood between them."""
    story = Story(home, folder, make_steps(folder))
    for step in story.steps:
        copy_database(home, NAME, f"before_{step.name}")
        story.act(step)
        story.step_counts[step.name] = ordinary_build(step).built_count
        assert_in_order()
        story.outcomes[step.name] = outcome()
    return story


def make_steps(folder: Path) -> list[Step]:
    """Writes the files of the story and returns its steps."""
    for name, day in (("monday", MONDAY), ("tuesday", TUESDAY)):
        generate_bank(LINES, SEED, folder / name, day=day, accounts=ACCOUNTS)
        (folder / name / "transactions.csv").rename(folder / f"{name}.csv")
    shutil.move(folder / "monday" / "customers.csv", folder / "register.csv")
    shutil.copy(folder / "register.csv", folder / "monday" / "customers.csv")
    shutil.copy(folder / "monday.csv", folder / "monday" / "transactions.csv")
    repeat_lines(folder / "monday", folder / "tuesday.csv")
    correct_register(folder / "register.csv", folder / "corrected.csv")
    return [
        Step(
            "first",
            [
                Load("fx_rates", None, None),
                Load("bank_customers", folder / "register.csv", MONDAY),
                Load("bank_transactions", folder / "monday.csv", MONDAY),
            ],
            with_seeds=True,
        ),
        Step("repeated", [Load("bank_transactions", folder / "tuesday.csv", TUESDAY)]),
        Step(
            "restated",
            [Load("bank_customers", folder / "corrected.csv", MONDAY)],
            withdrawn="monday.csv",
        ),
    ]


def repeat_lines(monday: Path, tuesday_file: Path) -> None:
    """Appends 80 lines of Monday to Tuesday, every fourth with another amount."""
    clean = [each for each in read_day(monday).clean.values() if "\n" not in each[11]][:80]
    with tuesday_file.open("a", encoding="utf-8", newline="") as file:
        for number, record in enumerate(clean):
            amount = str(Decimal(record[2]) + 1) if number % 4 == 0 else record[2]
            csv.writer(file, lineterminator="\n").writerow([*record[:2], amount, *record[3:]])


def correct_register(source: Path, target: Path) -> None:
    """Writes the register without two of its accounts, and with another address."""
    with source.open(encoding="utf-8", newline="") as file:
        header, *holders = csv.reader(file)
    holders[10][1] = "Nygatan 1, 11122 Stockholm"
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *holders[2:]])
