"""A purge takes a period out of every table of every schema, and leaves what remains as it was.

One story in one database: two registers and two days that will be purged, then what remains, which
repeats lines of the purged days. The purge is killed twice, at its two weakest points, and a build
runs in between. What must be gone is read from the files, never from the product's own tables.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import sql

from loaders.business_date import BANK_TIME
from loaders.database import connect
from loaders.generators.bank import generate_bank
from loaders.load import load_file
from tests.conftest import REPOSITORY, Database, RunSluss
from tests.e2e.dbt_in_process import Builder
from tests.support import Row, loaded, row, rows

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("detection")]

FIRST, SECOND = date(2025, 5, 12), date(2025, 5, 13)
SECOND_REGISTER = date(2025, 5, 14)
THROUGH = date(2025, 5, 15)
LATER, LAST = date(2025, 5, 16), date(2025, 5, 17)

QUICK = ("seed", "test", "unit_test")
# Seconds: far more than any step takes on a machine that has anything else to do.
PATIENCE = 3600
# By design: the ledger's memory of what was here.
LEDGER = {"ops.loads", "ops.purges"}
# They look back: what is left is judged anew without what is gone, as a full refresh does it.
DETECTION = {
    "fct_alerts",
    "fct_shadow_alerts",
    "bridge_alert_transactions",
    "rpt_alert_day",
    "rpt_aml_rule_quality",
    "rpt_alert_transactions",
    "fct_transaction_scores",
}

CLOSED_ACCOUNT = "SE8902GONE00000000000001"
CLOSED_HOLDER = ["Vidar Bortgangen", "Bortvägen 1, 11122 Stockholm", "08-111", "811218-9876"]
OLD_ADDRESS, NEW_ADDRESS = "Gamla gatan 7, 22233 Lund", "Nya gatan 8, 33344 Kalmar"
REVIEW_TEXT, WITHDRAWAL_TEXT = "ring Bortgangen om detta", "Bortgangen bad om det"
BROKEN = 'broken "line of the first day'


@dataclass
class Story:
    """What the database held at each point, and what must be gone at the end."""

    loads: dict[str, int] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    purged: list[int] = field(default_factory=list)
    remaining: list[int] = field(default_factory=list)
    tables: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    marts: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    dry_run: list[dict[str, Any]] = field(default_factory=list)
    result: list[dict[str, Any]] = field(default_factory=list)
    # Texts that stand in purged files and in no other.
    needles: set[str] = field(default_factory=set)
    # status of the loads after each kill
    killed: list[dict[int, str]] = field(default_factory=list)


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, records: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(records)
    return path


def every_table() -> dict[str, list[str]]:
    """All rows of all tables of all schemas, as text."""
    found = rows(
        "select table_schema as schema, table_name as name from information_schema.tables"
        " where table_type = 'BASE TABLE'"
        " and table_schema not in ('pg_catalog', 'information_schema')"
    )
    tables = {}
    with closing(connect("sluss tests")) as connection, connection.cursor() as cursor:
        # Malformed lines show as text.
        cursor.execute("set bytea_output = 'escape'")
        for each in found:
            table = sql.Identifier(each["schema"], each["name"])
            cursor.execute(sql.SQL("select cast(one as text) from {} as one").format(table))
            tables[f"{each['schema']}.{each['name']}"] = sorted(text for (text,) in cursor)
    return tables


def marts() -> dict[str, list[Row]]:
    found = rows(
        "select table_name as name from information_schema.tables where table_schema = 'marts'"
        # Partitions are read through their table.
        " and not (select relispartition from pg_class"
        " where oid = format('marts.%I', table_name)::regclass)"
    )
    return {
        each["name"]: rows(
            sql.SQL("select * from {}").format(sql.Identifier("marts", each["name"]))
        )
        for each in found
    }


def as_set(table: list[Row]) -> list[str]:
    return sorted(repr(sorted(each.items())) for each in table)


def older_than() -> str:
    """The period that ends with THROUGH, counted from today."""
    return f"{(datetime.now(BANK_TIME).date() - THROUGH).days - 1}d"


def feeds_and_period() -> list[str]:
    feeds = ("bank_transactions", "bank_customers")
    return [*(word for feed in feeds for word in ("--feed", feed)), "--older-than", older_than()]


def make_files(folder: Path, story: Story) -> None:
    """Writes the files; the later ones repeat lines of the first day."""
    for name, day, lines in (
        ("first", FIRST, 400),
        ("second", SECOND, 150),
        ("later", LATER, 300),
        ("last", LAST, 100),
    ):
        generate_bank(lines, 1, folder / name, day=day, accounts=120)
        story.files[name] = folder / name / "transactions.csv"
    header, *holders = read(folder / "first" / "customers.csv")
    moved = holders[0]
    story.files["old register"] = write(
        folder / "old.csv",
        [
            header,
            [moved[0], OLD_ADDRESS, *moved[2:]],
            *holders[1:],
            [*CLOSED_HOLDER, CLOSED_ACCOUNT],
        ],
    )
    story.files["register"] = write(
        folder / "register.csv", [header, [moved[0], NEW_ADDRESS, *moved[2:]], *holders[1:]]
    )
    with story.files["first"].open("a", encoding="utf-8") as file:
        file.write(BROKEN + "\n")

    head, *first = read(story.files["first"])[:-1]
    plain = [one for one in first if len(one) == 12 and "\n" not in one[11]]
    same = plain[:12]
    other = [[*one[:2], "7.77", *one[3:]] for one in plain[12:18]]
    write(story.files["later"], [*read(story.files["later"]), *same, *other])
    # Held, for most of its lines conflict with lines of the first day.
    conflicts = [[*one[:2], "8.88", *one[3:]] for one in plain[20:50]]
    story.files["conflicts"] = write(
        folder / "conflicts.csv", [head, *read(story.files["last"])[1:60], *conflicts]
    )
    story.files["spoiled"] = write(folder / "spoiled.csv", [head, *plain[60:80]])
    story.files["refused"] = folder / "refused.csv"
    story.files["refused"].write_text(
        ",".join(head) + "\n" + "Bortgangen,och,inget,mer\n" * 40, encoding="utf-8"
    )

    def texts(*names: str) -> set[str]:
        return {
            value.strip()
            for name in names
            for record in read(story.files[name])
            for value in record
            if len(value.strip()) > 9
        }

    gone = texts("first", "second", "old register", "spoiled", "refused")
    stays = texts("later", "last", "conflicts", "register")
    story.needles = {text for text in gone if not any(text in other for other in stays)}


@contextmanager
def held(table: str) -> Iterator[None]:
    """Nobody else can read or write the table while the block lasts."""
    with closing(connect("sluss tests: in the way")) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("lock table {}").format(sql.Identifier(*table.split("."))))
        yield


def kill_while_waiting_for(table: str, *arguments: str) -> None:
    """Starts a purge, and kills it once it waits for the table."""
    with held(table):
        process = subprocess.Popen(
            [sys.executable, "-c", "from sluss.cli import main; main()", "purge", *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        waiting: list[Row] = []
        while not waiting:
            assert process.poll() is None, "the purge ended without coming by"
            assert time.monotonic() < deadline
            time.sleep(0.2)
            waiting = rows(
                "select pid from pg_locks where relation = cast(%s as regclass) and not granted",
                (table,),
            )
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    for each in waiting:
        while rows("select from pg_stat_activity where pid = %s", (each["pid"],)):
            time.sleep(0.1)


@pytest.fixture(scope="module")
def story(
    module_database: Database,
    run_sluss: RunSluss,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    told = Story()
    folder = tmp_path_factory.mktemp("purge")
    make_files(folder, told)
    build = Builder(module_database, folder, bank_only=True, with_detection=True)
    loads, files = told.loads, told.files

    def take(name: str, feed: str, day: date) -> None:
        loads[name] = loaded(feed, files[name], day)

    loaded("fx_rates", None)
    take("old register", "bank_customers", FIRST)
    take("first", "bank_transactions", FIRST)
    take("spoiled", "bank_transactions", FIRST)
    loads["refused"] = load_file("bank_transactions", files["refused"], SECOND).load_id
    run_sluss("withdraw", str(loads["spoiled"]), "--why", WITHDRAWAL_TEXT, timeout=PATIENCE)
    build(leave_out=("test", "unit_test"))
    review(loads["first"])
    take("register", "bank_customers", SECOND_REGISTER)
    take("second", "bank_transactions", SECOND)
    take("later", "bank_transactions", LATER)
    take("last", "bank_transactions", LAST)
    take("conflicts", "bank_transactions", LAST)
    build(leave_out=QUICK)
    store_failures(loads["first"])

    told.purged = sorted(
        loads[name] for name in ("old register", "first", "spoiled", "refused", "second")
    )
    told.remaining = sorted(set(loads.values()) - set(told.purged))
    told.tables["before"], told.marts["before"] = every_table(), marts()
    # Names of countries and places are in the seeds as well.
    seeds = "\n".join(
        text
        for table, texts in told.tables["before"].items()
        if table.startswith("reference.")
        for text in texts
    ).lower()
    told.needles = {needle for needle in told.needles if needle.lower() not in seeds}
    done = run_sluss("purge", *feeds_and_period(), "--dry-run", "--json", timeout=PATIENCE)
    told.dry_run = json.loads(done.stdout)
    told.tables["dry run"] = every_table()

    def statuses() -> dict[int, str]:
        return {each["load_id"]: each["status"] for each in rows("select * from ops.loads")}

    # Before what has to be kept is kept; the build must not judge without it.
    kill_while_waiting_for("intermediate.int_transactions__deduplicated", *feeds_and_period())
    told.killed.append(statuses())
    build(leave_out=QUICK)
    told.marts["built in between"] = marts()
    # When half of the tables are done.
    kill_while_waiting_for("marts.fct_rejections", *feeds_and_period())
    told.killed.append(statuses())
    done = run_sluss("purge", *feeds_and_period(), "--json", timeout=PATIENCE)
    told.result = json.loads(done.stdout)
    told.tables["after"], told.marts["after"] = every_table(), marts()
    build("--full-refresh", leave_out=QUICK)
    told.tables["anew"], told.marts["anew"] = every_table(), marts()
    return told


def review(load_id: int) -> None:
    """Two persons settle a rejected line."""
    line = row(
        "select _line_no from intermediate.int_transactions__rejected where _load_id = %s limit 1",
        (load_id,),
    )["_line_no"]
    with closing(connect("sluss tests")) as connection, connection.cursor() as cursor:
        for person in ("ann", "bo"):
            cursor.execute(
                "select ops.decide_review(%s, %s, 'reject', '{}', %s, %s)",
                (load_id, line, REVIEW_TEXT, person),
            )
        connection.commit()


def store_failures(load_id: int) -> None:
    """What red tests would have left behind: rows with a load's number, and rows without."""
    with closing(connect("sluss tests", role="sluss_transformer")) as connection:
        connection.cursor().execute(
            "create table audit.with_loads as select _load_id, note from marts.fct_transactions;"
            "create table audit.without_loads as"
            " select transaction_id from marts.fct_transactions;"
        )
        connection.commit()


def test_the_story_is_one(story: Story) -> None:
    assert len(story.needles) > 800
    before = story.tables["before"]
    haystack = "\n".join(text for table in before.values() for text in table)
    seen = sum(needle in haystack for needle in story.needles)
    assert seen > 0.9 * len(story.needles), "the scan would find them"
    for text in (CLOSED_ACCOUNT, OLD_ADDRESS, REVIEW_TEXT, WITHDRAWAL_TEXT, "line of the first"):
        assert text in haystack, text
    gates = {
        each["_load_id"]: each["gate"] for each in story.marts["before"]["rpt_load_reconciliation"]
    }
    assert gates[story.loads["conflicts"]] == "held"
    assert gates[story.loads["later"]] == "published"
    repeated = [
        each["outcome"]
        for each in story.marts["before"]["fct_rejections"]
        if each["_load_id"] == story.loads["later"]
        and {"duplicate.exact", "id.conflict"} & set(each["rule_ids"])
    ]
    assert repeated.count("duplicate") > 5
    assert repeated.count("rejected") > 2


@pytest.mark.parametrize("when", ["after", "anew"])
def test_nothing_of_the_period_is_in_any_table(story: Story, when: str) -> None:
    found = {}
    for table, texts in story.tables[when].items():
        haystack = "\n".join(texts)
        hits = [needle for needle in story.needles if needle in haystack]
        hits += [
            text
            for text in (REVIEW_TEXT, WITHDRAWAL_TEXT, "line of the first", "Bortgangen")
            if text in haystack
        ]
        if hits:
            found[table] = hits[:3]
    assert found == {}


def test_no_table_has_a_row_of_a_purged_load(story: Story) -> None:
    columns = rows(
        "select table_schema || '.' || table_name as title, table_schema, table_name, column_name"
        " from information_schema.columns inner join information_schema.tables"
        " using (table_schema, table_name)"
        " where column_name in ('_load_id', 'load_id', 'register_load_id')"
        " and table_type = 'BASE TABLE'"
    )
    assert len(columns) > 30
    found = [
        each["title"]
        for each in columns
        if each["title"] not in LEDGER
        and rows(
            sql.SQL("select from {} where {} = any (%s) limit 1").format(
                sql.Identifier(each["table_schema"], each["table_name"]),
                sql.Identifier(each["column_name"]),
            ),
            (story.purged,),
        )
    ]
    assert found == []
    partitions = rows("select relname from pg_class where relname like 'raw\\_bank%'")
    numbers = {each["relname"].rpartition("_")[2] for each in partitions}
    assert not numbers & {str(load_id) for load_id in story.purged}


@pytest.mark.parametrize("when", ["built in between", "after", "anew"])
def test_what_remains_is_as_it_was(story: Story, when: str) -> None:
    before, after = story.marts["before"], story.marts[when]
    assert before.keys() == after.keys()
    compared = 0
    for name, table in before.items():
        if name in DETECTION:
            continue
        if name == "fct_account_daily":
            # A day of the purged period counts what remains of it; later days are as they were.
            moved: dict[str, date] = {}
            for each in before["fct_account_movements"]:
                if each["_load_id"] in story.purged:
                    account, day = each["own_account"], each["movement_date"]
                    moved[account] = max(day, moved.get(account, day))

            def is_later(each: Row, moved: dict[str, date] = moved) -> bool:
                return bool(each["movement_date"] > moved.get(each["own_account"], THROUGH))

            expected = [each for each in table if is_later(each)]
            found = [each for each in after[name] if is_later(each)]
            assert expected
        elif name == "dim_account":
            expected = [each for each in table if each["account_id"] != CLOSED_ACCOUNT]
            assert len(expected) == len(table) - 1
            found = after[name]
        elif name == "dim_customer":
            expected = [each for each in table if each["customer_name"] != CLOSED_HOLDER[0]]
            assert len(expected) == len(table) - 1
            found = after[name]
        else:
            expected = [each for each in table if each["_load_id"] not in story.purged]
            found = after[name]
        assert as_set(found) == as_set(expected), name
        compared += len(expected)
    assert compared > 500


def test_a_full_refresh_gives_the_same(story: Story) -> None:
    for name, table in story.marts["after"].items():
        assert as_set(story.marts["anew"][name]) == as_set(table), name
    # Alerts of lines that remain were looked for again; nothing else of detection is a mart.
    purged = story.marts["before"]["bridge_alert_transactions"]
    assert len(story.marts["after"]["bridge_alert_transactions"]) < len(purged)


def test_an_account_keeps_its_history_and_its_balance(story: Story) -> None:
    first = {each["account_id"]: each for each in story.marts["after"]["dim_account"]}
    assert {each["first_listed_date"] for each in first.values()} == {FIRST}
    totals: dict[str, Decimal] = {}
    for each in story.marts["before"]["fct_account_movements"]:
        change = each["incoming_amount_sek"] - each["outgoing_amount_sek"]
        totals[each["own_account"]] = totals.get(each["own_account"], Decimal(0)) + change
    newest: dict[str, Row] = {}
    for each in story.marts["after"]["fct_account_daily"]:
        standing = newest.get(each["own_account"])
        if not standing or standing["movement_date"] < each["movement_date"]:
            newest[each["own_account"]] = each
    purged_days = {
        (each["own_account"], each["movement_date"])
        for each in story.marts["before"]["fct_account_movements"]
        if each["_load_id"] in story.purged
    }
    checked = 0
    for account, each in newest.items():
        if any(one == account and day > each["movement_date"] for one, day in purged_days):
            continue
        assert each["balance_change_to_date_sek"] == totals[account], account
        checked += 1
    assert checked > 50


def test_a_dry_run_changes_nothing_and_names_what_would_go(story: Story) -> None:
    assert story.tables["dry run"] == story.tables["before"]
    plans = {each["feed"]: each for each in story.dry_run}
    would_go = [load["load_id"] for plan in plans.values() for load in plan["loads"]]
    assert sorted(would_go) == story.purged
    # The second register is as old, but the remaining days are judged by it.
    assert [each["load_id"] for each in plans["bank_customers"]["needed"]] == [
        story.loads["register"]
    ]
    assert plans["bank_transactions"]["through_date"] == THROUGH.isoformat()
    raw = {each["table"]: each for each in plans["bank_transactions"]["tables"]}
    assert raw["staging.raw_bank_transactions"]["bytes"] > 50_000


def test_a_killed_purge_is_ended_by_the_next(story: Story) -> None:
    for statuses in story.killed:
        marked = {load_id for load_id, status in statuses.items() if status == "purging"}
        assert marked == set(story.purged) - {story.loads["refused"]}
    ended = [each for each in story.result if each["loads"]]
    assert sorted(load_id for each in ended for load_id in each["loads"]) == story.purged
    assert {each["status"] for each in story.result} == {"done"}


def test_the_log_says_what_was_purged_and_by_which_rule(story: Story) -> None:
    entries = rows("select * from ops.purges where loads <> '{}' order by purge_id")
    assert [each["feed"] for each in entries] == ["bank_transactions", "bank_customers"]
    transactions = entries[0]
    assert transactions["through_date"] == THROUGH
    assert transactions["rule"].startswith(f"older than {older_than()} as of ")
    assert transactions["removed"]["staging.raw_bank_transactions"] == {"partitions": 3}
    assert transactions["removed"]["ops.malformed_lines"]["rows"] >= 41
    assert transactions["removed"]["ops.review_decisions"] == {"rows": 1}
    assert transactions["removed"]["ops.review_proposals"] == {"rows": 1}
    assert transactions["removed"]["audit.without_loads"] == {"tables": 1}
    statuses = {each["load_id"]: each["status"] for each in rows("select * from ops.loads")}
    assert {statuses[load_id] for load_id in story.purged} == {"purged", "refused"}
    assert {statuses[load_id] for load_id in story.remaining} == {"loaded"}


def test_what_is_gone_stays_gone(story: Story, run_sluss: RunSluss, tmp_path: Path) -> None:
    before = row("select count(*) as loads from ops.loads")["loads"]
    offer = ("load", "bank_transactions", str(story.files["first"]), "--business-date")
    done = run_sluss(*offer, LAST.isoformat())
    assert f"was purged: it was load {story.loads['first']}" in done.stdout
    done = run_sluss(*offer, LAST.isoformat(), "--again", check=2)
    assert "was purged" in done.stderr
    assert row("select count(*) as loads from ops.loads")["loads"] == before
    # Another content of a purged day.
    records = read(story.files["first"])[:20]
    other = write(tmp_path / "other.csv", records)
    done = run_sluss(
        "load", "bank_transactions", str(other), "--business-date", THROUGH.isoformat(), check=2
    )
    assert f"The business date {THROUGH} lies in a period that was purged" in done.stderr
    assert not rows(
        "select from staging.raw_bank_transactions where _load_id > %s",
        (max(story.loads.values()),),
    )


def test_only_what_is_purged_may_be_taken_out_of_the_log_of_reviews(story: Story) -> None:
    with closing(connect("sluss tests", role="sluss_owner")) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "insert into ops.review_proposals (load_id, line_no, verdict, why, proposed_by)"
            " values (%s, 2, 'reject', 'x', 'ann')",
            (story.remaining[0],),
        )
        with pytest.raises(Exception, match="rows go with the lines of a load that is purged"):
            cursor.execute("delete from ops.review_proposals")
    with closing(connect("sluss tests")) as connection:
        cursor = connection.cursor()
        for statement in (
            "delete from ops.purges",
            "truncate ops.purges",
            "update ops.purges set rule = 'x'",
        ):
            with pytest.raises(Exception, match="only grows"):
                cursor.execute(statement)
            connection.rollback()
