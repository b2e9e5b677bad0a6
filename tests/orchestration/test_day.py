"""The sample day through Dagster: loaded, built, reported; built anew; taken out again.

The answer key was written by the generator, which knows what it broke.
"""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_dbt.core import dbt_cli_event
from psycopg2 import sql

from sluss.dbt import home_directory
from sluss.demo import BUSINESS_DATE, SAMPLE_DAY
from tests.conftest import Database
from tests.orchestration.desk import (
    RAW_TRANSACTIONS,
    REPORT,
    TRANSACTIONS,
    Desk,
    Run,
    contents,
    plain,
)
from tests.support import loaded, row, rows

KEY = json.loads((SAMPLE_DAY / "key.json").read_text())
NAME = f"transactions_{BUSINESS_DATE}.csv"
FACTS = dg.AssetKey(["marts", "fct_transactions"])
WHY = "delivered for the wrong bank"

pytestmark = [pytest.mark.slow, pytest.mark.soak]


@dataclass
class Step:
    """A run, and how it left things."""

    run: Run
    marts: dict[str, tuple[int, str]]
    pages: list[str]
    # How often the lineage of a table's columns was worked out.
    lineages: int
    # When (as transaction ids) the facts were written.
    first_written: int
    last_written: int


@dataclass
class Story:
    load_id: int = 0
    steps: dict[str, Step] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Step:
        return self.steps[name]


@pytest.fixture(scope="module")
def story(desk: Desk, module_database: Database) -> Story:
    """The steps, one after the other; every test looks at one."""
    site = module_database.home.site / "reports"
    kept = home_directory() / "dagster" / "column_lineage.json"
    kept.unlink(missing_ok=True)
    told = Story()
    found = dbt_cli_event._build_column_lineage_metadata
    count = 0

    def counted(**arguments: Any) -> Any:
        nonlocal count
        count += 1
        return found(**arguments)

    def step(name: str, run: Run) -> None:
        nonlocal count
        pages = sorted(path.name for path in site.glob("*"))
        written = row(
            "select coalesce(min(xmin::text::bigint), 0) as first,"
            " coalesce(max(xmin::text::bigint), 0) as last from marts.fct_transactions"
        )
        told.steps[name] = Step(
            run, contents("marts"), pages, count, written["first"], written["last"]
        )
        count = 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt_cli_event, "_build_column_lineage_metadata", counted)
        patch.setenv("SLUSS_SITE_URL", "http://site.test/")
        loaded("bank_customers", SAMPLE_DAY / "customers.csv", BUSINESS_DATE)
        loaded("fx_rates", None)
        desk.drop(TRANSACTIONS, NAME, SAMPLE_DAY / "transactions.csv")
        (request,) = desk.requests()
        step("day", desk.start(request))
        told.load_id = row("select max(load_id) as id from ops.loads")["id"]
        step("anew", desk.run("full_refresh"))
        out = {"load_id": told.load_id, "why": WHY}
        step("out", desk.run("withdraw_load", run_config={"ops": {"withdraw": {"config": out}}}))
    return told


def test_the_day_is_published_without_another_hand(story: Story, desk: Desk) -> None:
    run = story["day"].run
    assert run.success, run.failures()
    assert desk.left() == {
        "incoming": [],
        "archive": [f"load_{story.load_id}_{NAME}.gz"],
        "refused": [],
    }
    assert run.tags["sluss/load_id"] == str(story.load_id)
    assert run.tags["sluss/gate"] == "published"
    assert story["day"].marts["fct_transactions"][0] == KEY["counts"]["accepted"]


def test_the_load_says_what_it_was_and_what_it_cost(story: Story) -> None:
    (told,) = story["day"].run.metadata(RAW_TRANSACTIONS)
    content = (SAMPLE_DAY / "transactions.csv").read_bytes()
    known = {
        "load": story.load_id,
        "file": NAME,
        "business date": KEY["business_date"],
        "lines": KEY["rows"],
        "malformed": KEY["counts"]["malformed"],
        "blank": KEY["counts"]["blank_lines"],
        "size (bytes)": len(content),
        "sha256": sha256(content).hexdigest(),
        "loaded before": False,
    }
    assert {name: told[name] for name in known} == known
    assert Path(told["archived as"]).name == f"load_{story.load_id}_{NAME}.gz"
    # A load of 5,000 lines takes a part of a second: rounded, the pace differs from the quotient.
    assert 0 < told["seconds"] < 60
    assert told["lines a second"] == pytest.approx(KEY["rows"] / told["seconds"], rel=0.2)


def test_the_day_has_the_numbers_of_the_answer_key_for_dagster_to_plot(story: Story) -> None:
    (told,) = story["day"].run.metadata(REPORT)
    counts = KEY["counts"]
    known = {
        "load": story.load_id,
        "gate": "published",
        "lines": KEY["rows"],
        "accepted": counts["accepted"],
        "corrected": counts["corrected"],
        "rejected": counts["rejected"],
        "duplicates": counts["duplicate"],
        "malformed": counts["malformed"],
        "difference": 0,
    }
    assert {name: told[name] for name in known} == known
    assert told["seconds to load"] > 0
    assert told["lines loaded a second"] > 0
    assert told["seconds for the report"] > 0

    totals = KEY["currency_totals"]
    plotted = {
        name.removeprefix("accepted "): value
        for name, value in told.items()
        if name.startswith("accepted ") and len(name) == len("accepted SEK")
    }
    assert plotted == {
        currency: float(total["accepted_amount"]) for currency, total in totals.items()
    }
    exact = {one["currency"]: (one["lines"], one["accepted"]) for one in told["sums"]}
    for currency, total in totals.items():
        assert exact[currency] == (total["accepted_count"], total["accepted_amount"])
    in_sek = [one["accepted in SEK"] for one in told["sums"]]
    assert told["accepted, all in SEK"] == float(
        sum(Decimal(one) for one in in_sek if one not in ("no rate", "None"))
    )
    assert [one["accepted in SEK"] for one in told["sums"] if one["currency"] == "UGX"] == [
        "no rate"
    ]


def test_the_page_of_the_day_is_there_and_linked(story: Story, module_database: Database) -> None:
    (told,) = story["day"].run.metadata(REPORT)
    page = f"load_{story.load_id}.html"
    assert told["page"] == f"http://site.test/reports/{page}"
    path = Path(told["report"])
    assert path == module_database.home.site / "reports" / page
    assert story["day"].pages == [page]


def test_a_table_says_its_rows_and_its_columns(story: Story) -> None:
    (told,) = story["day"].run.metadata(FACTS)
    assert told["dagster/row_count"] == KEY["counts"]["accepted"]
    assert told["size (bytes)"] > 100_000
    columns = {one.name: one for one in told["dagster/column_schema"].columns}
    assert list(columns)[:3] == ["transaction_id", "booked_at", "booked_date"]
    assert columns["amount"].type.startswith("numeric")
    assert columns["amount"].description
    assert [one.name for one in columns.values() if not one.description] == []


def test_each_column_can_be_followed_back_to_the_line_of_the_file(story: Story) -> None:
    made_from = {}
    for event in story["day"].run.events("ASSET_MATERIALIZATION"):
        lineage = plain(event.materialization.metadata).get("dagster/column_lineage")
        for column, parents in (lineage.deps_by_column if lineage else {}).items():
            made_from[event.asset_key, column] = {
                (parent.asset_key, parent.column_name) for parent in parents
            }
    for column in ("amount", "sender_account", "note"):
        found = {(FACTS, column)}
        while more := {up for one in found for up in made_from.get(one, ())} - found:
            found |= more
        raw = "notes" if column == "note" else column
        assert (RAW_TRANSACTIONS, raw) in found, column


def test_lineage_is_worked_out_once_and_kept(story: Story) -> None:
    assert story["day"].lineages > 30
    assert story["anew"].lineages == 0
    assert (
        story["anew"].run.metadata(FACTS)[0]["dagster/column_lineage"]
        == story["day"].run.metadata(FACTS)[0]["dagster/column_lineage"]
    )
    # The SQL of incremental models is another one when their table is there.
    assert story["out"].lineages < 10


def test_every_check_ran_and_none_ended_as_a_mere_observation(story: Story, desk: Desk) -> None:
    expected = {
        (key.asset_key.path[-1], key.name)
        for key in desk.definitions.resolve_asset_graph().asset_check_keys
    }
    run = story["day"].run
    # Those of other feeds, and of the database, are the night watch's.
    others = {"freshness", "age_of_the_rates", "disk_growth", "retention"}
    checks = run.checks()
    assert {key for key in expected if key[1] not in others} <= set(checks)
    assert ("raw_bank_transactions", "freshness") in checks
    assert [key for key, check in checks.items() if not check.passed] == []
    assert run.events("ASSET_OBSERVATION") == []


def test_a_full_refresh_gives_the_same_marts(story: Story) -> None:
    anew = story["anew"]
    assert anew.run.success
    assert anew.marts == story["day"].marts
    # Every row was written anew: none has the transaction that wrote it first.
    assert anew.first_written > story["day"].last_written


def test_what_a_build_did_not_change_is_not_reported_again(story: Story) -> None:
    assert story["anew"].run.metadata(REPORT) == []
    assert story["anew"].pages == story["day"].pages


def test_a_withdrawn_load_leaves_the_marts_and_its_page_goes(story: Story) -> None:
    out = story["out"]
    assert out.run.success, out.run.failures()
    assert out.marts["fct_transactions"][0] == 0
    for table, key in (("rpt_load_reconciliation", "_load_id"), ("fct_rejections", "_load_id")):
        found = rows(
            sql.SQL("select 1 from marts.{} where {} = %s").format(
                sql.Identifier(table), sql.Identifier(key)
            ),
            (story.load_id,),
        )
        assert found == []
    assert out.pages == []
    # The register's customers stay.
    assert out.marts["dim_account"] == story["day"].marts["dim_account"]


def test_who_withdrew_a_load_and_why_is_kept_and_so_are_its_lines(story: Story) -> None:
    kept = row("select * from ops.loads where load_id = %s", (story.load_id,))
    assert kept["status"] == "withdrawn"
    assert WHY in kept["reason"]
    assert getpass.getuser() in kept["withdrawn_by"]
    assert kept["withdrawn_at"] > kept["finished_at"]
    lines = row(
        "select count(*) as count from staging.raw_bank_transactions where _load_id = %s",
        (story.load_id,),
    )
    assert lines["count"] == KEY["rows"] - KEY["counts"]["malformed"]
