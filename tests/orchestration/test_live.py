"""The real thing: what `make dev` starts, a file dropped into its folder, and no other hand."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sluss.demo import BUSINESS_DATE, SAMPLE_DAY
from tests.orchestration.desk import REGISTERS, TRANSACTIONS, generated
from tests.orchestration.live import Live, live

KEY = json.loads((SAMPLE_DAY / "key.json").read_text())
REGISTER = f"customers_{BUSINESS_DATE}.csv"
NAME = f"transactions_{BUSINESS_DATE}.csv"
# Not a day of the backfill, which takes what waits of its own; nor a later one, which would release
# lines that wait for their day.
FRIDAY = date(2025, 5, 16)
WRONG = f"transactions_{FRIDAY}.csv"
BROKEN = f"broken_transactions_{FRIDAY}.csv"
UNFINISHED = f"more_transactions_{FRIDAY}.csv.part"

# A minute is what it may take; a machine that does other things as well may need more.
LONGEST_SECONDS = 180

_BACKFILL = """
mutation ($days: [String!]!) { launchPartitionBackfill(backfillParams: {
  selector: { partitionSetName: "bank_day_partition_set", repositorySelector: {
    repositoryLocationName: "orchestration.definitions", repositoryName: "__repository__"
  } }
  partitionNames: $days
}) { __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }
"""

# Minutes of a whole `dagster dev`: what it is made of, the other tests here look at.
pytestmark = [pytest.mark.slow, pytest.mark.soak]


@dataclass
class Told:
    """The day as it went."""

    seconds: float = 0
    register: dict[str, Any] = field(default_factory=dict)
    sample: dict[str, Any] = field(default_factory=dict)


@dataclass
class ToldLater:
    """What came after it, for a night: the same steps as elsewhere, by other hands."""

    # The runs of the files that were dropped together, once the good one was published.
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    backfill: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def one(clean_orchestration: None) -> Iterator[Live]:
    with live() as made:
        yield made


@pytest.fixture(scope="module")
def told(one: Live) -> Told:
    """Drops files and waits; every test looks at what came of it."""
    made = Told()
    one.wait("the landing folders", one.has_landing_folders)
    one.drop(REGISTERS, REGISTER, (SAMPLE_DAY / "customers.csv").read_bytes())
    made.register = one.wait("the register's run", lambda: one.run_of(REGISTER))

    sample = (SAMPLE_DAY / "transactions.csv").read_bytes()
    started = time.monotonic()
    one.drop(TRANSACTIONS, NAME, sample)
    one.wait("the day report", lambda: one.page("reports/load_3.html"))
    made.seconds = time.monotonic() - started
    made.sample = one.wait("the day's run", lambda: one.run_of(NAME))
    return made


@pytest.fixture(scope="module")
def later(one: Live, told: Told, tmp_path_factory: pytest.TempPathFactory) -> ToldLater:
    made = ToldLater()
    sample = (SAMPLE_DAY / "transactions.csv").read_bytes()
    other = generated(tmp_path_factory.mktemp("day"), FRIDAY, seed=99)
    one.drop(TRANSACTIONS, UNFINISHED, sample[:5_000], whole=False)
    one.drop(TRANSACTIONS, WRONG, other.transactions_bytes)
    one.drop(TRANSACTIONS, BROKEN, b"what is this\n" * 100)
    answer = one.ask(_BACKFILL, days=["2025-05-18", str(BUSINESS_DATE)])["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    made.backfill = one.wait("the backfill", lambda: run_of_backfill(one, answer["backfillId"]))
    for name in (WRONG, BROKEN):
        made.others[name] = one.wait(f"the run of {name}", lambda name=name: one.run_of(name))
    # The sensor of failed runs looks every fifteen seconds.
    one.wait("the notices", lambda: len(one.notices()) >= 2)
    return made


def run_of_backfill(one: Live, backfill_id: str) -> dict[str, Any] | None:
    for run in one.runs():
        if run["tags"].get("dagster/backfill") == backfill_id and run["endTime"]:
            return run
    return None


def test_a_dropped_file_is_published_and_reported_within_a_minute_or_so(
    one: Live, told: Told, record_property: Any
) -> None:
    record_property("seconds from the file to its report", round(told.seconds, 1))
    print(f"\nfrom the file to its report: {told.seconds:.1f} s")
    assert told.register["status"] == "SUCCESS"
    assert told.sample["status"] == "SUCCESS"
    assert told.seconds < LONGEST_SECONDS
    page = one.page("reports/load_3.html") or ""
    assert "4,847" in page
    assert '<a href="/reports/load_3.html">' in (one.page("") or "")


def test_the_marts_hold_what_the_answer_key_says(one: Live, told: Told) -> None:
    found = one.rows(
        "select accepted_count, corrected_count, rejected_count, duplicate_count, malformed_count,"
        " difference_count, gate from marts.rpt_load_reconciliation where _load_id = 3",
    )
    counts = KEY["counts"]
    outcomes = ("accepted", "corrected", "rejected", "duplicate", "malformed")
    assert found == [(*(counts[outcome] for outcome in outcomes), 0, "published")]
    facts = one.rows("select count(*) from marts.fct_transactions where _load_id = 3")
    assert facts == [(counts["accepted"],)]


def test_the_numbers_of_the_day_are_on_its_assets(one: Live, told: Told) -> None:
    raw = one.metadata("staging", "raw_bank_transactions")
    loaded = next(each for each in raw if each["run"] == told.sample["runId"])
    assert (loaded["lines"], loaded["malformed"]) == (KEY["rows"], KEY["counts"]["malformed"])
    assert loaded["partition"] == str(BUSINESS_DATE)
    reports = one.metadata("reports", "bank_day")
    day = next(each for each in reports if each["load"] == 3)
    assert day["accepted"] == KEY["counts"]["accepted"]
    assert day["page"] == f"{one.site}/reports/load_3.html"


def test_a_day_of_another_register_is_red_and_reported_and_the_good_one_stays(
    one: Live, later: ToldLater
) -> None:
    run = later.others[WRONG]
    assert (run["status"], run["tags"]["sluss/gate"]) == ("FAILURE", "held")
    held = int(run["tags"]["sluss/load_id"])
    gates = one.rows("select _load_id, gate from marts.rpt_load_reconciliation order by 1")
    assert dict(gates)[held] == "held"
    assert dict(gates)[3] == "published"
    assert "held" in (one.page(f"reports/load_{held}.html") or "")
    assert held in [each["load"] for each in one.metadata("reports", "bank_day")]


def test_a_broken_file_is_refused_and_a_half_written_one_waits(one: Live, later: ToldLater) -> None:
    assert later.others[BROKEN]["status"] == "FAILURE"
    folder = one.landing / TRANSACTIONS
    refused = sorted(path.name for path in (folder / "refused").iterdir())
    assert len(refused) == 2
    assert refused[0].endswith(BROKEN)
    assert refused[1] == f"{refused[0]}.reason.txt"
    assert [path.name for path in folder.iterdir() if path.is_file()] == [UNFINISHED]


def test_people_are_told_of_what_went_wrong_and_of_nothing_else(
    one: Live, later: ToldLater
) -> None:
    found = {each["event"]: each for each in one.notices()}
    assert set(found) == {"load_held", "run_failed"}
    assert len(one.notices()) == 2
    assert WRONG in found["load_held"]["text"]
    assert found["run_failed"]["link"] == f"{one.dagster}/runs/{later.others[BROKEN]['runId']}"


def test_a_backfill_is_one_run_over_its_range(one: Live, later: ToldLater) -> None:
    assert later.backfill["status"] == "SUCCESS"
    raw = one.metadata("staging", "raw_bank_transactions")
    of_run = [each for each in raw if each["run"] == later.backfill["runId"]]
    assert {each["partition"] for each in of_run} == {"2025-05-18", str(BUSINESS_DATE)}
    # A day without a file does not have the load of another one.
    assert [each for each in of_run if each["partition"] == "2025-05-18" and "load" in each] == []


def test_no_two_runs_that_build_are_under_way_at_once(one: Live, later: ToldLater) -> None:
    building = [run for run in one.runs() if run["tags"].get("sluss/file") != BROKEN]
    spans = sorted((run["startTime"], run["endTime"]) for run in building)
    assert len(spans) == 4
    assert [(end, start) for (_, end), (start, _) in pairwise(spans) if start < end] == []


def test_no_run_that_said_no_is_tried_again_by_dagster(one: Live, later: ToldLater) -> None:
    assert [run for run in one.runs() if "dagster/retry_number" in run["tags"]] == []
    assert len(one.runs()) == 5


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize(
    ("name", "path", "shown"),
    [
        ("graph", "/asset-groups", ["landing", "raw", "staging_bank", "marts_bank", "site"]),
        (
            "load",
            "/assets/staging/raw_bank_transactions?view=events&partition=2025-05-19",
            ["lines", "malformed", "sha256"],
        ),
        ("day", "/assets/reports/bank_day?view=events", ["accepted", "duplicates", "gate", "page"]),
        (
            "checks",
            "/assets/marts/rpt_load_reconciliation?view=checks",
            ["held_loads", "reconciliation", "every_line_is_accounted_for"],
        ),
    ],
)
def test_dagsters_pages_show_the_day_without_an_error(
    one: Live, told: Told, browser: Any, tmp_path: Path, name: str, path: str, shown: list[str]
) -> None:
    page, errors = watched(browser)
    page.goto(f"{one.dagster}{path}")
    for words in shown:
        page.get_by_text(words, exact=True).first.wait_for(timeout=60_000)
    page.screenshot(path=tmp_path / f"{name}.png")
    page.close()
    assert errors == []


def test_the_day_report_is_a_click_away_and_draws_itself_without_an_error(
    one: Live, told: Told, browser: Any, tmp_path: Path
) -> None:
    page, errors = watched(browser)
    page.goto(one.site)
    page.get_by_text("Load 3", exact=True).click()
    page.wait_for_selector(".canvas .subplot", state="attached", timeout=60_000)
    assert page.url == f"{one.site}/reports/load_3.html"
    page.screenshot(path=tmp_path / "report.png", full_page=True)
    page.close()
    assert errors == []


def watched(browser: Any) -> tuple[Any, list[str]]:
    """A new page, and what goes wrong on it. Nothing that Dagster's own pages say is let pass."""
    page, errors = browser.new_page(viewport={"width": 1500, "height": 1000}), []
    page.on(
        "console",
        lambda said: errors.append(f"console: {said.text}") if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: errors.append(f"error: {error}"))
    return page, errors


# --- the end --------------------------------------------------------------------------------------


def test_stopping_it_leaves_nothing_running(one: Live, told: Told) -> None:
    """The last one of this file: after it, nothing answers."""
    running = {" ".join(process.cmdline()) for process in one.processes()}
    for part in ("dagster._daemon", "dagster_webserver", "sluss site", "api grpc"):
        assert [command for command in running if part in command], part
    one.stop()
    assert one.processes() == []
    assert one.rows("select 1") == [(1,)]
