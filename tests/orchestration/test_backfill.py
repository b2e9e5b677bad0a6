"""A backfill: from the archive alone on an empty database, and of a range of days gone by."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime

import pytest

from loaders import ledger
from loaders.contract import load_contract
from loaders.landing import landed_file, load_landed
from orchestration import partitions
from tests.conftest import Database
from tests.orchestration.desk import (
    RAW_TRANSACTIONS,
    REGISTERS,
    TRANSACTIONS,
    Desk,
    Run,
    change,
    generated,
)
from tests.support import loaded, row, rows
from tests.unit.generated_day import Day

SUNDAY, MONDAY, TUESDAY, WEDNESDAY = (date(2025, 5, day) for day in (18, 19, 20, 21))
NO_PAGES = {"ops": {"reports__bank_day": {"config": {"most_reports": 0}}}}
LATE = f"late_transactions_{TUESDAY}.csv"
NEXT = "transactions_2025-05-22.csv"

pytestmark = [pytest.mark.slow, pytest.mark.soak]


@dataclass
class Story:
    days: dict[date, Day]
    runs: dict[str, Run] = field(default_factory=dict)
    # After each run: the facts of a day, when each load was applied, and what lies in the archive.
    facts: dict[str, dict[date, int]] = field(default_factory=dict)
    applied: dict[str, dict[int, datetime]] = field(default_factory=dict)
    archive: dict[str, list[str]] = field(default_factory=dict)
    tampered: dict[str, set[date]] = field(default_factory=dict)
    loads: dict[date, int] = field(default_factory=dict)


def backfill(desk: Desk, first: date, last: date) -> Run:
    """One run over a range of days, as Dagster makes it of a backfill."""
    tags = {
        partitions.RANGE_START: str(first),
        partitions.RANGE_END: str(last),
        partitions.BACKFILL: "by hand",
    }
    return desk.run("bank_day", tags=tags, run_config=NO_PAGES)


@pytest.fixture(scope="module")
def story(
    desk: Desk,
    module_database: Database,
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    folder = tmp_path_factory.mktemp("days")
    told = Story(
        {day: generated(folder / str(day), day, 200) for day in (MONDAY, TUESDAY, WEDNESDAY)}
    )

    def kept(name: str, run: Run) -> None:
        told.runs[name] = run
        told.facts[name] = {
            one["day"]: one["count"]
            for one in rows(
                "select business_date as day, count(*) as count from marts.fct_transactions"
                " group by 1"
            )
        }
        told.applied[name] = {
            one["load_id"]: one["applied_at"]
            for one in rows(
                "select load_id, max(applied_at) as applied_at from intermediate.applied_loads"
                " group by 1"
            )
        }
        told.tampered[name] = {
            one["day"]
            for one in rows(
                "select distinct business_date as day from marts.fct_transactions"
                " where note = 'tampered'"
            )
        }
        told.archive[name] = desk.left()["archive"]

    # Another database loads the days and is lost: the archive is left.
    with make_database():
        register = (folder / str(MONDAY) / "customers.csv").read_bytes()
        deliver(desk, REGISTERS, f"customers_{SUNDAY}.csv", register)
        for day, what in told.days.items():
            deliver(desk, TRANSACTIONS, f"transactions_{day}.csv", what.transactions_bytes)
    told.archive["before"] = desk.left()["archive"]

    assert ledger.loads(TRANSACTIONS) == []
    loaded("fx_rates", None)
    kept("rebuilt", backfill(desk, SUNDAY, WEDNESDAY))
    told.loads = {one.business_date: one.load_id for one in ledger.loads(TRANSACTIONS)}

    # What a changed rule would have said otherwise, on a line of each day.
    for load_id in told.loads.values():
        change(
            "update marts.fct_transactions set note = 'tampered' where _load_id = %s and"
            " _line_no = (select min(_line_no) from marts.fct_transactions where _load_id = %s)",
            (load_id, load_id),
        )
    ledger.withdraw(told.loads[WEDNESDAY], "the sender takes it back")
    late = told.days[TUESDAY].transactions_bytes.splitlines(keepends=True)[:1]
    desk.drop(TRANSACTIONS, LATE, late[0])
    desk.drop(TRANSACTIONS, NEXT, late[0])
    kept("judged again", backfill(desk, TUESDAY, WEDNESDAY))
    return told


def deliver(desk: Desk, feed: str, name: str, content: bytes) -> None:
    desk.drop(feed, name, content)
    result = load_landed(landed_file(load_contract(feed), name))
    assert result.status == "loaded", result.reason


def test_the_archive_alone_rebuilds_the_days_on_an_empty_database(story: Story) -> None:
    run = story.runs["rebuilt"]
    assert run.success, run.failures()
    assert story.facts["rebuilt"] == {
        day: what.key["counts"]["accepted"] for day, what in story.days.items()
    }
    assert {one.business_date for one in ledger.loads(REGISTERS)} == {SUNDAY}
    assert story.archive["rebuilt"] == story.archive["before"]


def test_a_run_over_several_days_tells_of_each_file(story: Story) -> None:
    told = story.runs["rebuilt"].metadata(RAW_TRANSACTIONS)
    each = {one["business date"]: one for one in told if "business date" in one}
    assert {day: one["lines"] for day, one in each.items()} == {
        str(day): what.key["rows"] for day, what in story.days.items()
    }
    total = next(one for one in told if "skipped" in one)
    assert total == {"files of all days": 3, "lines of all days": 600, "skipped": 0}


def test_a_backfill_judges_the_loads_of_its_days_again_and_no_others(story: Story) -> None:
    run = story.runs["judged again"]
    assert run.success, run.failures()
    assert story.tampered["judged again"] == {MONDAY}
    before, after = story.applied["rebuilt"], story.applied["judged again"]
    moved = {load_id for load_id in after if after[load_id] != before.get(load_id)}
    late = row("select load_id from ops.loads where file_name = %s", (LATE,))["load_id"]
    assert moved == {story.loads[TUESDAY], late}
    assert story.facts["judged again"] == {
        day: count for day, count in story.facts["rebuilt"].items() if day != WEDNESDAY
    }


def test_a_backfill_loads_nothing_twice_and_nothing_that_was_withdrawn(story: Story) -> None:
    statuses = rows(
        "select business_date as day, status, count(*) from ops.loads"
        " where feed = %s group by 1, 2 order by 1, 2",
        (TRANSACTIONS,),
    )
    assert [(one["day"], one["status"], one["count"]) for one in statuses] == [
        (MONDAY, "loaded", 1),
        (TUESDAY, "loaded", 2),
        (WEDNESDAY, "withdrawn", 1),
    ]
    total = next(
        one for one in story.runs["judged again"].metadata(RAW_TRANSACTIONS) if "skipped" in one
    )
    assert (total["files of all days"], total["skipped"]) == (2, 1)


def test_a_backfill_takes_what_waits_of_its_days_and_leaves_the_rest(
    story: Story, desk: Desk
) -> None:
    assert desk.left()["incoming"] == [NEXT, f"{NEXT}.done"]
    assert [name for name in story.archive["judged again"] if name.endswith(f"{LATE}.gz")]


def test_days_without_a_file_are_said_to_have_none(story: Story, desk: Desk) -> None:
    said = [
        one for one in desk.messages(story.runs["judged again"]) if one.startswith("No file of")
    ]
    (ours,) = (one for one in said if "cashflow" not in one)
    assert ours.startswith(f"No file of {REGISTERS} for {TUESDAY} to {WEDNESDAY}, neither")
