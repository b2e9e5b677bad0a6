"""A good file, and with it one for another register, a broken one, a copy, and a half-written one.

Each ends as it should, the good one is published, people are told, and nothing that Dagster keeps
or sends says anything about a person.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date

import dagster as dg
import pytest

from tests.conftest import Database
from tests.orchestration.desk import (
    RAW_TRANSACTIONS,
    REPORT,
    TRANSACTIONS,
    Desk,
    Run,
    change,
    generated,
    persons_in,
)
from tests.orchestration.webhook import Webhook, webhook
from tests.support import loaded, row, rows
from tests.unit.generated_day import Day

MONDAY, TUESDAY = date(2025, 5, 19), date(2025, 5, 20)
GOOD = f"transactions_{MONDAY}.csv"
WRONG = f"transactions_{MONDAY}_other.csv"
BROKEN = f"transactions_{MONDAY}_broken.csv"
COPY = f"copy_of_transactions_{MONDAY}.csv"
UNFINISHED = f"transactions_{TUESDAY}.csv"
NEXT = f"next_transactions_{TUESDAY}.csv"

# What a payer wrote, on the line over which a model stumbles.
NOTE = "Till Maja Sandelin 0701-23 45 67"

pytestmark = [pytest.mark.slow, pytest.mark.soak]


@dataclass
class Delivery:
    """The days, and the run of each file that had one."""

    good: Day
    other: Day
    tuesday: Day
    runs: dict[str, Run] = field(default_factory=dict)
    # What was left in the folder once all that was whole had its run, and what the sensor said.
    left: dict[str, list[str]] = field(default_factory=dict)
    said_of_unfinished: str = ""
    hook: Webhook = field(default_factory=lambda: Webhook(""))
    # The log of notices, and its permissions.
    log: bytes = b""
    mode: int = 0

    def load_id(self, name: str) -> int:
        return int(self.runs[name].tags["sluss/load_id"])


@pytest.fixture(scope="module")
def delivery(
    desk: Desk, module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Delivery:
    """All dropped together, and every run that came of it."""
    folder = tmp_path_factory.mktemp("days")
    told = Delivery(
        good=generated(folder / "good", MONDAY),
        other=generated(folder / "other", MONDAY, seed=99),
        tuesday=generated(folder / "tuesday", TUESDAY),
    )
    loaded("bank_customers", folder / "good" / "customers.csv", MONDAY)
    loaded("fx_rates", None)
    content = told.good.transactions_bytes
    desk.drop(TRANSACTIONS, GOOD, content)
    desk.drop(TRANSACTIONS, WRONG, told.other.transactions_bytes)
    desk.drop(TRANSACTIONS, BROKEN, broken(content))
    desk.drop(TRANSACTIONS, COPY, content)
    half = desk.drop(TRANSACTIONS, UNFINISHED, b"", whole=False)

    def start_all() -> None:
        # Its sender goes on writing.
        half.write_bytes(told.tuesday.transactions_bytes[: half.stat().st_size + 5_000])
        for request in desk.requests():
            run = desk.start(request)
            told.runs[request.tags["sluss/file"]] = run
            if not run.success:
                desk.tell_of_failure(run)

    with pytest.MonkeyPatch.context() as patch, webhook() as hook:
        patch.setenv("SLUSS_WEBHOOK_URL", hook.url)
        patch.setenv("SLUSS_DAGSTER_URL", "http://dagster.test")
        # It hears, and says that it failed.
        hook.status = 500
        start_all()
        # The copy waited for the run of the content that it has.
        start_all()
        told.left = desk.left()

        change(
            "alter table marts.fct_transactions add constraint planted"
            " check (note is distinct from %s)",
            (NOTE,),
        )
        desk.drop(TRANSACTIONS, NEXT, with_note(told.tuesday))
        hook.status = 200
        start_all()
        half.write_bytes(half.read_bytes() + b"1")
        told.said_of_unfinished = desk.look().skip_message or ""
        told.hook = hook
        log = module_database.home.path / "notifications.jsonl"
        told.mode, told.log = log.stat().st_mode & 0o777, log.read_bytes()
    return told


def broken(content: bytes) -> bytes:
    """Every fifth line is cut off in the middle."""
    lines = content.splitlines(keepends=True)
    return b"".join(
        line[: len(line) // 2] + b"\n" if number % 5 == 4 else line
        for number, line in enumerate(lines)
    )


def with_note(day: Day) -> bytes:
    """The day with NOTE on one line, of which there is nothing else to say."""
    record = next(record for record in day.clean.values() if record[-1] == "Online purchase")
    line = next(line for line in day.transactions_bytes.split(b"\n") if record[0].encode() in line)
    return day.transactions_bytes.replace(line, line.replace(b"Online purchase", NOTE.encode()))


# --- how each ends --------------------------------------------------------------------------------


def test_the_good_file_is_published_beside_the_others(delivery: Delivery) -> None:
    run, counts = delivery.runs[GOOD], delivery.good.key["counts"]
    assert run.success, run.failures()
    (told,) = run.metadata(REPORT)
    assert (told["gate"], told["accepted"], told["rejected"], told["duplicates"]) == (
        *("published", counts["accepted"]),
        *(counts["rejected"], counts["duplicate"]),
    )
    assert facts_of(delivery.load_id(GOOD)) == counts["accepted"]


def test_a_day_of_another_register_is_held_in_red_with_the_reason_and_the_numbers(
    delivery: Delivery,
) -> None:
    run, load_id = delivery.runs[WRONG], delivery.load_id(WRONG)
    assert not run.success
    assert facts_of(load_id) == 0
    (reason,) = (
        one["gate_reason"]
        for one in rows(
            "select gate_reason from marts.rpt_load_reconciliation where _load_id = %s", (load_id,)
        )
    )
    assert "name an account that should be ours but is not in the register" in reason
    check = run.checks()["rpt_load_reconciliation", "held_loads"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert check.description == f"Load {load_id}: {reason}"
    assert check.metadata["held"].value == 1
    (held,) = (dict(one.data) for one in check.metadata["loads"].records)
    assert held == {
        "load_id": load_id,
        "feed": TRANSACTIONS,
        "file_name": WRONG,
        "business_date": str(MONDAY),
        "line_count": delivery.other.key["rows"],
        "rejected_count": held["rejected_count"],
        "reason": reason,
    }
    assert held["rejected_count"] > delivery.other.key["rows"] / 2
    of_dbt = run.checks()["rpt_load_reconciliation", "assert_no_load_is_held"]
    assert not of_dbt.passed
    assert of_dbt.description == f"Load {load_id} ({TRANSACTIONS}, {WRONG}): {reason}"
    # Only the step that is there to be red, and after it had written the report.
    assert run.failures() == {
        "reports__bank_day": f"Load {load_id} is held: {reason}. All other loads are published."
    }
    assert run.tags["sluss/gate"] == "held"


def test_a_held_day_has_its_report(delivery: Delivery, module_database: Database) -> None:
    (told,) = delivery.runs[WRONG].metadata(REPORT)
    assert (told["gate"], told["load"]) == ("held", delivery.load_id(WRONG))
    page = module_database.home.site / "reports" / f"load_{delivery.load_id(WRONG)}.html"
    assert str(page) == told["report"]
    assert "held" in page.read_text("utf-8")


def test_what_was_published_before_a_load_is_held_stays_published(delivery: Delivery) -> None:
    found = rows("select _load_id as id, gate from marts.rpt_load_reconciliation order by 1")
    gates = {one["id"]: one["gate"] for one in found}
    held = delivery.load_id(WRONG)
    assert gates.pop(held) == "held"
    assert delivery.load_id(GOOD) in gates
    assert set(gates.values()) == {"published"}


def test_a_broken_file_is_refused_with_its_reason_beside_it(delivery: Delivery, desk: Desk) -> None:
    run = delivery.runs[BROKEN]
    assert not run.success
    (said,) = run.failures().values()
    assert said.startswith("Refused: ")
    refused = delivery.left["refused"]
    (file,) = (name for name in refused if name.endswith(BROKEN))
    assert refused == sorted([file, f"{file}.reason.txt"])
    folder = desk.landing / TRANSACTIONS / "refused"
    text = (folder / f"{file}.reason.txt").read_text("utf-8")
    assert said.removeprefix("Refused: ") in text
    assert (folder / file).read_bytes() == broken(delivery.good.transactions_bytes)
    # Nothing was built for it.
    assert run.events("ASSET_MATERIALIZATION") == []
    assert (
        row("select status from ops.loads where file_name = %s", (BROKEN,))["status"] == "refused"
    )


def test_a_copy_is_archived_and_doubles_nothing(delivery: Delivery) -> None:
    run, load_id = delivery.runs[COPY], delivery.load_id(GOOD)
    assert run.success, run.failures()
    (told,) = run.metadata(RAW_TRANSACTIONS)
    assert (told["loaded before"], told["load"]) == (True, load_id)
    assert "lines a second" not in told
    (kept,) = rows("select load_id, line_count from ops.loads where sha256 = %s", (told["sha256"],))
    assert kept["load_id"] == load_id
    lines = row(
        "select count(*) as count from staging.raw_bank_transactions where _load_id = %s",
        (load_id,),
    )["count"]
    assert lines == kept["line_count"] - delivery.good.key["counts"]["malformed"]
    assert facts_of(load_id) == delivery.good.key["counts"]["accepted"]
    assert run.metadata(REPORT) == []
    assert delivery.left["archive"] == [
        f"load_{load_id}_{COPY}.gz",
        f"load_{load_id}_{GOOD}.gz",
        f"load_{delivery.load_id(WRONG)}_{WRONG}.gz",
    ]


def test_a_half_written_file_stays_and_is_said_to(delivery: Delivery, desk: Desk) -> None:
    assert delivery.left["incoming"] == [UNFINISHED]
    assert UNFINISHED not in delivery.runs
    assert f"{UNFINISHED}: It may still be written" in delivery.said_of_unfinished
    path = desk.landing / TRANSACTIONS / UNFINISHED
    # Of what is in it, nothing was taken.
    assert path.stat().st_size > 15_000
    assert rows("select 1 from ops.loads where file_name = %s", (UNFINISHED,)) == []


# --- a model that fails ---------------------------------------------------------------------------


def test_a_model_that_fails_makes_the_run_red_without_quoting_the_row(delivery: Delivery) -> None:
    run = delivery.runs[NEXT]
    assert not run.success
    (said,) = run.failures().values()
    assert "dbt's steps failed: fct_transactions" in said
    (event,) = run.events("STEP_FAILURE")
    why = event.step_failure_data.user_failure_data.metadata["fct_transactions"].value
    assert 'check constraint "planted"' in why
    assert "DETAIL" not in why
    # The file is loaded and will be built: it is not offered again.
    assert row("select status from ops.loads where file_name = %s", (NEXT,))["status"] == "loaded"


# --- what people are told -------------------------------------------------------------------------


def test_the_webhook_hears_of_the_held_load_and_of_each_run_that_failed(delivery: Delivery) -> None:
    notices = delivery.hook.notices
    assert [one["event"] for one in notices] == ["load_held", "run_failed", "run_failed"]
    held, refused, failed = notices
    load_id = delivery.load_id(WRONG)
    assert held["title"] == f"Load {load_id} of {TRANSACTIONS} is held"
    assert held["facts"] == {
        "load_id": load_id,
        "feed": TRANSACTIONS,
        "line_count": delivery.other.key["rows"],
    }
    assert WRONG in held["text"]
    assert "not in the register" in held["text"]
    assert held["link"] == f"http://dagster.test/runs/{delivery.runs[WRONG].run.run_id}"
    assert "Refused: " in refused["text"]
    assert refused["link"].endswith(delivery.runs[BROKEN].run.run_id)
    assert "fct_transactions" in failed["text"]
    assert failed["facts"]["feed"] == TRANSACTIONS
    assert set(delivery.hook.types) == {"application/json; charset=utf-8"}


def test_a_webhook_that_fails_is_logged_and_stops_nothing(delivery: Delivery, desk: Desk) -> None:
    # It answered 500 to the notice of the held load; the report came all the same.
    said = desk.messages(delivery.runs[WRONG])
    assert [one for one in said if "the webhook answered 500" in one]
    assert not [one for one in said if "secret-of-the-hook" in one]
    assert delivery.runs[WRONG].metadata(REPORT)


def test_the_log_has_a_line_for_each_notice_and_is_for_its_owner_alone(delivery: Delivery) -> None:
    logged = [json.loads(line) for line in delivery.log.splitlines()]
    assert [(one["event"], one["title"]) for one in logged] == [
        (one["event"], one["title"]) for one in delivery.hook.notices
    ]
    assert delivery.mode == 0o600


def test_nothing_that_is_kept_or_sent_says_anything_about_a_person(
    delivery: Delivery, desk: Desk
) -> None:
    persons = persons_in(delivery.good, delivery.other, delivery.tuesday) | {NOTE.encode()}
    assert len(persons) > 300
    texts = {str(path): content for path, content in desk.kept_by_dagster()}
    everything = b"".join(texts.values())
    # It is what it should be: names of files, what dbt printed, reasons.
    for known in (GOOD, "OK created sql by_load model marts.fct_transactions", "planted"):
        assert known.encode() in everything
    texts["webhook"], texts["log"] = b"".join(delivery.hook.bodies), delivery.log
    assert {path for path, text in texts.items() for one in persons if one in text} == set()
    # And no account that is written in another way.
    own = re.compile(rb"SE8902[A-Z]{4}[0-9]{8}")
    assert {path for path, text in texts.items() if own.search(text)} == set()


def facts_of(load_id: int) -> int:
    found = row(
        "select count(*) as count from marts.fct_transactions where _load_id = %s", (load_id,)
    )
    return int(found["count"])
