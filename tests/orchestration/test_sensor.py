"""The landing sensor, look by look: what starts a run, what waits, and what is said of it.

No database is there: a look needs none, and a run that finds none leaves the file where it is.
"""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from loaders.business_date import BANK_TIME
from loaders.errors import UnusableInputError
from orchestration import sensors
from orchestration.partitions import business_days
from tests.orchestration.conftest import MakeDesk
from tests.orchestration.desk import (
    RATES,
    RAW_TRANSACTIONS,
    REGISTERS,
    REPORT,
    TRANSACTIONS,
    Desk,
    plain,
)

NAME = "transactions_2025-05-19.csv"
HEADER = b"transaction_id,timestamp,amount\n"
A_DAY = HEADER + b"1,2,3\n"
ANOTHER = HEADER + b"4,5,6\n"


class Clock:
    """What the sensor takes for the time; it goes when it is told to."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def wait(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    def now(self, zone: Any) -> datetime:
        return datetime.now(zone) + self.ahead

    def fromtimestamp(self, seconds: float, zone: Any) -> datetime:
        return datetime.fromtimestamp(seconds, zone)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(sensors, "datetime", made)
    return made


@pytest.fixture
def desk(make_desk: MakeDesk, tmp_path: Path) -> Iterator[Desk]:
    with make_desk(tmp_path) as made:
        yield made


def under_way(desk: Desk, request: dg.RunRequest) -> dg.DagsterRun:
    """The run that the daemon starts for a request, before it has done anything."""
    return desk.instance.run_storage.add_run(
        dg.DagsterRun(
            job_name=request.job_name or "",
            run_id=str(uuid.uuid4()),
            tags=dict(request.tags),
            status=dg.DagsterRunStatus.STARTED,
        )
    )


def failed(desk: Desk, request: dg.RunRequest) -> None:
    desk.instance.report_run_failed(under_way(desk, request))


# --- what is whole --------------------------------------------------------------------------------


def test_a_file_that_still_grows_waits_until_it_stands_still(desk: Desk, clock: Clock) -> None:
    path = desk.drop(TRANSACTIONS, NAME, A_DAY, whole=False)
    first = desk.look()
    assert not first.run_requests
    assert NAME in (first.skip_message or "")
    assert "may still be written" in (first.skip_message or "")
    clock.wait(9)
    path.write_bytes(A_DAY * 2)
    assert not desk.look().run_requests
    clock.wait(9)
    assert not desk.look().run_requests
    clock.wait(2)
    (request,) = desk.requests()
    assert request.tags["sluss/file"] == NAME


def test_a_file_with_its_marker_starts_at_once_and_its_run_is_told_by_its_content(
    desk: Desk, clock: Clock
) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    (request,) = desk.requests()
    content = sha256(A_DAY).hexdigest()
    assert request.run_key == f"{TRANSACTIONS}:{content}"
    assert (request.job_name, request.partition_key) == ("bank_day", "2025-05-19")
    assert request.tags["sluss/sha256"] == content
    config = {"file": NAME, "sha256": content}
    assert request.run_config == {
        "ops": {RAW_TRANSACTIONS.to_python_identifier(): {"config": config}}
    }
    selected = set(request.asset_selection or [])
    assert {RAW_TRANSACTIONS, REPORT, dg.AssetKey(["marts", "fct_transactions"])} <= selected
    # Of the loaders only the one: a file of another feed is not this run's to load.
    assert dg.AssetKey(["staging", "raw_bank_customers"]) not in selected


def test_a_packed_delivery_has_the_run_key_of_what_is_in_it(desk: Desk, clock: Clock) -> None:
    desk.drop(TRANSACTIONS, f"{NAME}.gz", gzip.compress(A_DAY))
    (request,) = desk.requests()
    assert request.run_key == f"{TRANSACTIONS}:{sha256(A_DAY).hexdigest()}"


def test_registers_and_rates_go_before_transactions(desk: Desk, clock: Clock) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    desk.drop(RATES, "eurofxref-hist.csv", b"Date,USD\n2025-05-19,1.1\n")
    desk.drop(REGISTERS, "customers_2025-05-19.csv", b"Customer\nx\n")
    looked = desk.look().run_requests or []
    priority = {one.tags["sluss/feed"]: int(one.tags["dagster/priority"]) for one in looked}
    assert set(priority) == {TRANSACTIONS, RATES, REGISTERS}
    assert priority[REGISTERS] > priority[TRANSACTIONS]
    assert priority[RATES] > priority[TRANSACTIONS]
    # Those of a first look start in this order before the queue has sorted anything.
    assert looked[-1].tags["sluss/feed"] == TRANSACTIONS
    rates = next(one for one in looked if one.tags["sluss/feed"] == RATES)
    assert (rates.job_name, rates.partition_key) == ("exchange_rates", None)


# --- once is enough -------------------------------------------------------------------------------


def test_a_file_whose_run_is_under_way_starts_no_second_one(desk: Desk, clock: Clock) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    (request,) = desk.look().run_requests or []
    run = under_way(desk, request)
    again = desk.look()
    assert not again.run_requests
    assert f"{NAME} is being loaded by run {run.run_id[:8]}." in (again.skip_message or "")


def test_the_same_content_twice_is_one_run_at_a_time(desk: Desk, clock: Clock) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    desk.drop(TRANSACTIONS, "transactions_2025-05-19_copy.csv", A_DAY)
    looked = desk.look().run_requests or []
    assert len({one.run_key for one in looked}) == 1
    under_way(desk, looked[0])
    assert not desk.look().run_requests


def test_another_content_under_the_same_name_is_another_run(desk: Desk, clock: Clock) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    (first,) = desk.requests()
    under_way(desk, first)
    desk.drop(TRANSACTIONS, NAME, ANOTHER)
    (second,) = desk.requests()
    assert second.run_key != first.run_key


def test_a_file_whose_run_failed_is_offered_again_after_a_pause_that_grows(
    desk: Desk, clock: Clock
) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    (request,) = desk.look().run_requests or []
    keys, pauses = [request.run_key], []
    for _ in range(8):
        # Runs end by the instance's clock, which nobody sets ahead.
        clock.ahead = timedelta()
        failed(desk, request)
        while not (looked := desk.look()).run_requests:
            assert f"{NAME} was not loaded; it is offered again at" in (looked.skip_message or "")
            clock.wait(30)
        (request,) = looked.run_requests
        keys.append(request.run_key)
        pauses.append(clock.ahead / timedelta(minutes=1))
    assert len(set(keys)) == len(keys)
    # Minutes, up to an hour.
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_run_without_a_database_fails_leaves_the_file_and_is_offered_again(
    desk: Desk, clock: Clock
) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    (request,) = desk.requests()
    run = desk.start(request)
    assert not run.success
    (said,) = run.failures().values()
    assert said.startswith("Failed: ")
    assert "sluss up" in said
    assert not run.events("ASSET_MATERIALIZATION")
    assert desk.left() == {"incoming": [NAME, f"{NAME}.done"], "archive": [], "refused": []}
    assert not desk.look().run_requests
    clock.wait(61)
    (again,) = desk.requests()
    assert again.run_key == f"{request.run_key}:2"


# --- what is not loaded ---------------------------------------------------------------------------


def test_a_day_that_is_no_partition_is_refused_with_a_reason(desk: Desk, clock: Clock) -> None:
    name = "transactions_2019-12-31.csv"
    desk.drop(TRANSACTIONS, name, A_DAY)
    looked = desk.look()
    assert not looked.run_requests
    assert "2019-12-31" in (looked.skip_message or "")
    left = desk.left()
    assert left["incoming"] == []
    reason = next(one for one in left["refused"] if one.endswith(".reason.txt"))
    assert len(left["refused"]) == 2
    text = (desk.landing / TRANSACTIONS / "refused" / reason).read_text()
    assert "business date is 2019-12-31; the days that are run go from 2020-01-01" in text
    assert "SLUSS_FIRST_BUSINESS_DATE" in text


@pytest.mark.parametrize("name", ["transactions_2099-01-01.csv", "transactions_20250519_20250520"])
def test_a_day_that_nobody_can_mean_is_refused(desk: Desk, clock: Clock, name: str) -> None:
    desk.drop(TRANSACTIONS, name, A_DAY)
    assert not desk.look().run_requests
    assert [one for one in desk.left()["refused"] if one.endswith(name)]


def test_a_stray_name_is_reported_and_stays_untouched(desk: Desk, clock: Clock) -> None:
    path = desk.drop(TRANSACTIONS, "holiday.jpg", b"a picture", whole=False)
    (desk.landing / TRANSACTIONS / "old").mkdir()
    before = path.stat()
    for _ in range(3):
        clock.wait(600)
        looked = desk.look()
        assert not looked.run_requests
        assert "holiday.jpg is not loaded: files of bank_transactions are named like" in (
            looked.skip_message or ""
        )
        assert "old is a folder, and nothing in it is loaded" in (looked.skip_message or "")
    assert (path.stat().st_mtime_ns, path.read_bytes()) == (before.st_mtime_ns, b"a picture")


def test_what_waits_is_told_once_and_again_when_it_has_changed(desk: Desk, clock: Clock) -> None:
    assert desk.look().asset_events == []
    desk.drop(TRANSACTIONS, "holiday.jpg", b"a picture", whole=False)
    desk.drop(TRANSACTIONS, NAME, A_DAY, whole=False)
    (seen,) = desk.look().asset_events
    assert seen.asset_key == dg.AssetKey(["landing", TRANSACTIONS])
    told = plain(seen.metadata)
    assert (told["whole"], told["unfinished"], told["stray"]) == (0, 1, 1)
    assert told["waiting (bytes)"] == len(b"a picture") + len(A_DAY)
    assert {one["file"]: one["status"] for one in told["files"]} == {
        "holiday.jpg": "stray",
        NAME: "unfinished",
    }
    assert desk.look().asset_events == []
    clock.wait(11)
    (now,) = desk.look().asset_events
    assert plain(now.metadata)["whole"] == 1


# --- what may go wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cursor", [None, "", "{", "[1]", '{"other": 1}', '{"seen": 7}', '{"hashes": [], "shown": 3}']
)
def test_a_lost_or_broken_cursor_costs_a_look_and_nothing_else(
    desk: Desk, clock: Clock, cursor: str | None
) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    (request,) = desk.requests()
    under_way(desk, request)
    desk.drop(TRANSACTIONS, "transactions_2025-05-20.csv", ANOTHER, whole=False)
    desk.look()
    desk.cursor = cursor
    assert not desk.look().run_requests
    clock.wait(11)
    (other,) = desk.look().run_requests or []
    assert other.partition_key == "2025-05-20"
    assert set(json.loads(desk.cursor or "")) == {"seen", "hashes", "shown"}


def test_a_folder_that_cannot_be_read_keeps_no_other_feed_waiting(desk: Desk, clock: Clock) -> None:
    # Where the folder should be lies a file: unreadable for every user, root as well.
    (desk.landing / REGISTERS).write_text("not a folder")
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    looked = desk.look()
    assert [one.tags["sluss/feed"] for one in looked.run_requests or []] == [TRANSACTIONS]
    (desk.landing / TRANSACTIONS / NAME).unlink()
    said = desk.look().skip_message or ""
    assert f"{desk.landing}/{REGISTERS} cannot be read or written" in said


def test_a_file_taken_away_while_it_is_looked_at_is_no_error(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.drop(TRANSACTIONS, NAME, A_DAY)
    hashed = sensors.content_hash

    def taken(file: Any) -> str:
        path.unlink(missing_ok=True)
        return hashed(file)

    monkeypatch.setattr(sensors, "content_hash", taken)
    looked = desk.look()
    assert not looked.run_requests
    assert f"{NAME} is no longer there." in (looked.skip_message or "")


def test_a_file_that_waits_is_hashed_once(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.drop(TRANSACTIONS, NAME, A_DAY)
    (request,) = desk.look().run_requests or []
    under_way(desk, request)
    monkeypatch.setattr(sensors, "content_hash", None)
    assert not desk.look().run_requests


def test_the_first_day_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUSS_FIRST_BUSINESS_DATE", "2015-01-01")
    assert business_days().get_first_partition_key() == "2015-01-01"
    monkeypatch.setenv("SLUSS_FIRST_BUSINESS_DATE", "2015-13-01")
    with pytest.raises(UnusableInputError, match="is no date: '2015-13-01'"):
        business_days()


def test_today_is_a_day_of_the_bank_and_tomorrow_is_not() -> None:
    today = datetime.now(BANK_TIME).date()
    assert business_days().get_last_partition_key() == today.isoformat()
