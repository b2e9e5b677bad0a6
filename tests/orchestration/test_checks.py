"""The checks of our own, seen green and red on rows of a real day; and the night watch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import pytest
from psycopg2 import sql

from loaders import ledger
from loaders.contract import feeds, load_contract
from orchestration import checks
from sluss.build import build
from sluss.purge import purge, rules
from tests.conftest import Database
from tests.orchestration.conftest import MakeDesk
from tests.orchestration.desk import Desk, Run, change, clear_home, generated
from tests.support import loaded, row, rows
from tests.unit.generated_day import Day

DAY = date(2025, 5, 19)

pytestmark = pytest.mark.slow


class Built(NamedTuple):
    day: Day
    load_id: int


@pytest.fixture(scope="module")
def built(desk: Desk, module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A small day, published."""
    folder = tmp_path_factory.mktemp("days")
    day = generated(folder, DAY)
    loaded("bank_customers", folder / "customers.csv", DAY)
    loaded("fx_rates", None)
    load_id = loaded("bank_transactions", folder / "transactions.csv", DAY)
    assert build().status == "published"
    return Built(day, load_id)


@contextmanager
def otherwise(table: str, values: str, condition: str) -> Iterator[None]:
    """Some rows of a table are others while the block lasts."""
    names = {"table": sql.Identifier(*table.split(".")), "kept": sql.Identifier("audit", "kept")}
    change(sql.SQL("create table {kept} as table {table}").format(**names))
    update = sql.SQL("update {table} set {values} where {condition}")
    parts = {"values": sql.SQL(values), "condition": sql.SQL(condition)}
    assert change(update.format(**names, **parts)) > 0
    try:
        yield
    finally:
        back = (
            "set local session_replication_role = replica; delete from {table};"
            " insert into {table} overriding system value table {kept}; drop table {kept}"
        )
        change(sql.SQL(back).format(**names))


class Found(NamedTuple):
    passed: bool
    severity: dg.AssetCheckSeverity
    said: str
    numbers: dict[str, Any]


def watched(desk: Desk) -> dict[str, Found]:
    """What the night watch finds now, by the check's name, freshness by its table's."""
    return found_by(desk.run("watch"))


def found_by(run: Run) -> dict[str, Found]:
    assert run.success, run.failures()
    return {
        table if name == "freshness" else name: Found(
            check.passed,
            check.severity,
            check.description or "",
            {key: value.value for key, value in check.metadata.items() if hasattr(value, "value")},
        )
        for (table, name), check in run.checks().items()
    }


def test_all_is_well_after_a_good_day_and_the_numbers_are_there(desk: Desk, built: Built) -> None:
    found = watched(desk)
    assert {name: one.said for name, one in found.items() if not one.passed} == {}
    counts = built.day.key["counts"]
    register, rates, lines = (
        row("select sum(line_count) as count from ops.loads where feed = %s", (feed,))["count"]
        for feed in ("bank_customers", "fx_rates", "bank_transactions")
    )
    assert lines == built.day.key["rows"]
    numbers = found["reconciliation"].numbers
    assert numbers == {
        "loads": 3,
        "lines": register + rates + lines,
        "accepted": register + rates + counts["accepted"],
        "corrected": counts["corrected"],
        "rejected": counts["rejected"],
        "duplicates": counts["duplicate"],
        "malformed": counts["malformed"],
        "difference": 0,
        "loads_with_difference": 0,
    }
    assert found["held_loads"].numbers == {"held": 0}
    assert found["age_of_the_rates"].numbers["age (days)"] == 0
    fresh = found["raw_bank_transactions"]
    assert fresh.numbers["expected within (hours)"] == 30
    assert fresh.numbers["hours since the newest load"] < 1
    assert fresh.numbers["newest business date"] == str(DAY)


def test_a_line_that_is_not_accounted_for_is_red(desk: Desk, built: Built) -> None:
    with otherwise(
        "marts.rpt_load_reconciliation", "difference_count = -2", f"_load_id = {built.load_id}"
    ):
        found = watched(desk)["reconciliation"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found.numbers["difference"] == 2
    assert found.numbers["loads_with_difference"] == 1
    assert "2 not accounted for" in found.said


def test_a_held_load_is_red_with_its_reason(desk: Desk, built: Built) -> None:
    with otherwise(
        "marts.rpt_load_reconciliation",
        "gate = 'held', gate_reason = 'too many lines were rejected'",
        f"_load_id = {built.load_id}",
    ):
        found = watched(desk)["held_loads"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found.said == f"Load {built.load_id}: too many lines were rejected"
    assert found.numbers["held"] == 1


@pytest.mark.parametrize(("hours", "passed"), [(29, True), (31, False)])
def test_a_feed_that_is_overdue_is_told(desk: Desk, built: Built, hours: int, passed: bool) -> None:
    with otherwise(
        "ops.loads",
        f"finished_at = now() - interval '{hours} hours'",
        "feed = 'bank_transactions'",
    ):
        found = watched(desk)["raw_bank_transactions"]
    assert (found.passed, found.severity) == (passed, dg.AssetCheckSeverity.WARN)
    assert found.numbers["hours since the newest load"] == hours
    assert f"came {hours}.0 hours ago, for business date {DAY}" in found.said
    assert "one is expected every 30 hours" in found.said


@pytest.mark.parametrize(("days", "passed"), [(5, True), (6, False)])
def test_rates_older_than_easter_are_told(
    desk: Desk, built: Built, days: int, passed: bool
) -> None:
    with otherwise("ops.loads", f"business_date = date '{DAY}' - {days}", "feed = 'fx_rates'"):
        found = watched(desk)["age_of_the_rates"]
    assert (found.passed, found.severity) == (passed, dg.AssetCheckSeverity.WARN)
    assert found.numbers["age (days)"] == days


def test_rates_that_are_missing_are_told(desk: Desk, built: Built) -> None:
    with otherwise("ops.loads", "feed = 'other'", "feed = 'fx_rates'"):
        found = watched(desk)
    assert found["age_of_the_rates"].said == (
        "No rates are loaded: foreign payments have no amount in SEK."
    )
    assert not found["age_of_the_rates"].passed
    assert found["raw_fx_rates"].said == "Nothing of fx_rates was ever loaded."
    assert not found["raw_fx_rates"].passed


def test_a_disk_that_is_full_in_less_than_a_month_is_told(
    desk: Desk, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = row("select pg_database_size(current_database()) as size")["size"]
    found = watched(desk)["disk_growth"]
    assert found.passed
    assert found.numbers["database (bytes)"] == pytest.approx(size, rel=0.01)
    daily = found.numbers["growth a day (bytes)"]
    # All of it came in the last 30 days.
    assert daily == pytest.approx(size / 30, rel=0.01)
    assert found.numbers["days of room"] == found.numbers["free (bytes)"] // daily

    class Disk(NamedTuple):
        free: int

    monkeypatch.setattr(checks.shutil, "disk_usage", lambda path: Disk(daily * 29))
    found = watched(desk)["disk_growth"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "enough for 28 days" in found.said or "enough for 29 days" in found.said


def test_the_room_of_a_server_elsewhere_is_not_guessed(
    desk: Desk, built: Built, module_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", module_database.dsn)
    found = watched(desk)["disk_growth"]
    assert found.passed
    assert "cannot be seen from here" in found.said
    assert "free (bytes)" not in found.numbers


# --- the night watch ------------------------------------------------------------------------------


@pytest.fixture
def log(module_database: Database) -> Path:
    """The log of notices, empty."""
    clear_home(module_database.home.path)
    return module_database.home.path / "notifications.jsonl"


def test_an_overdue_feed_is_a_notice_in_the_morning(desk: Desk, built: Built, log: Path) -> None:
    with otherwise(
        "ops.loads", "finished_at = now() - interval '40 hours'", "feed = 'bank_transactions'"
    ):
        run = desk.run("watch")
    assert run.success
    desk.tell_of_watch(run)
    (notice,) = map(json.loads, log.read_text().splitlines())
    assert notice["event"] == "check_failed"
    assert notice["title"] == f"The watch found 1 of {len(run.checks())} checks not in order"
    assert notice["text"].startswith("staging/raw_bank_transactions, freshness: The newest load")
    assert "40.0 hours ago" in notice["text"]


def test_a_night_in_order_says_nothing(desk: Desk, built: Built, log: Path) -> None:
    desk.tell_of_watch(desk.run("watch"))
    assert not log.exists()


def test_the_watch_goes_on_before_anything_was_loaded_or_built(
    database: Database, make_desk: MakeDesk, tmp_path: Path
) -> None:
    assert ledger.loads("bank_transactions") == []
    with make_desk(tmp_path) as desk:
        found = watched(desk)
    assert found["reconciliation"].passed
    assert found["held_loads"].passed
    assert found["reconciliation"].said == "Nothing was built yet."
    assert not found["raw_bank_transactions"].passed
    assert found["disk_growth"].passed


# --- retention ------------------------------------------------------------------------------------


def test_two_days_without_a_purge_are_red(
    desk: Desk, built: Built, module_database: Database
) -> None:
    assert watched(desk)["retention"].passed, "nothing is old enough for a purge to be missed"
    with otherwise("ops.loads", "started_at = now() - interval '3 days'", "true"):
        found = watched(desk)["retention"]
        assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
        assert "No purge of bank_customers, bank_transactions came through" in found.said
        insert = (
            "insert into ops.purges"
            " (feed, through_date, rule, loads, status, started_at, purged_at, purged_by)"
            " select feed, '2020-01-01', 'older', '{{}}', 'done', now(), now() - {ago}, 'x'"
            " from unnest(array['bank_customers', 'bank_transactions']) as feeds (feed)"
        )
        change(sql.SQL(insert).format(ago=sql.SQL("interval '49 hours'")))
        assert not watched(desk)["retention"].passed
        assert purge(rules(today=date(2021, 1, 1)))[0].status == "done"
        found = watched(desk)["retention"]
        assert found.passed
        assert set(found.numbers) == {"bank_customers purged at", "bank_transactions purged at"}


def test_the_job_purges_what_the_contracts_say(desk: Desk, built: Built) -> None:
    run = desk.run("retention")
    assert run.success, run.failures()
    kept = [feed for feed in feeds() if load_contract(feed).retention]
    assert {"bank_customers", "bank_transactions"} < set(kept)
    entries = rows("select * from ops.purges order by purge_id desc limit %s", (len(kept),))
    assert {each["feed"] for each in entries} == set(kept)
    assert {each["rule"][:15] for each in entries} == {"older than 2y a"}
