"""``sluss demo`` and ``sluss build``, run as a person and a script run them.

The sample's key.json was written by the generator, which knows what it broke: it is the answer that
the screen and the tables are held against.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loaders import ledger
from loaders.database import connect
from sluss import demo
from sluss.build import end_dead_loads, only_build
from sluss.idle import idle_models
from sluss.outcomes import outcomes, standings
from tests.conftest import Database, RunSluss

KEY = json.loads((demo.SAMPLE_DAY / "key.json").read_text())
SLUSS = "from sluss.cli import main; main()"
OUTCOMES = ("accepted", "corrected", "rejected", "duplicate", "malformed")


@pytest.fixture(scope="module")
def first_demo(module_database: Database, run_sluss: RunSluss) -> str:
    """The screen of the first demo on a fresh database."""
    return run_sluss("demo").stdout


@pytest.fixture(scope="module")
def held_build(first_demo: str, run_sluss: RunSluss, short_directory: Path) -> dict[str, Any]:
    """What a build says after another bank's day was loaded: its accounts are in no register."""
    other = short_directory / "other_bank"
    run_sluss(
        "generate", "bank", "--rows", "50", "--accounts", "50", "--seed", "99", "--out", other
    )
    run_sluss(
        "load", "bank_transactions", other / "transactions.csv", "--business-date", "2025-05-19"
    )
    return json.loads(run_sluss("build", "--json", check=1).stdout)


def test_the_demo_shows_the_counts_of_the_answer_key(first_demo: str) -> None:
    shown = re.search(r"lines +accepted +.*difference\n(.*)\n", first_demo)
    assert shown
    lines, *outcomes, difference = [int(count.replace(",", "")) for count in shown[1].split()]
    assert lines == KEY["rows"]
    assert dict(zip(OUTCOMES, outcomes, strict=True)) == {
        outcome: KEY["counts"][outcome] for outcome in OUTCOMES
    }
    assert difference == 0
    assert "Nothing is held." in first_demo
    assert f"The bank day {KEY['business_date']}" in first_demo


def test_the_demo_shows_the_sums_before_and_after(first_demo: str) -> None:
    shown = {
        currency: (_amount(read), _amount(accepted), in_sek)
        for currency, read, accepted, in_sek in re.findall(
            r"^([A-Z]{3}) +([\d,.]+) +([\d,.]+) +([\d,.]+|no rate)", first_demo, re.MULTILINE
        )
    }
    totals = KEY["currency_totals"]
    assert {currency: accepted for currency, (_, accepted, _) in shown.items()} == {
        currency: Decimal(total["accepted_amount"]) for currency, total in totals.items()
    }
    assert {currency: read for currency, (read, _, _) in shown.items()} == {
        currency: amount for currency, amount in _read_sums().items() if currency in totals
    }
    assert shown["SEK"][2] == f"{shown['SEK'][1]:,.2f}"
    assert shown["UGX"][2] == "no rate"
    in_sek = [_amount(sek) for _, _, sek in shown.values() if sek != "no rate"]
    assert re.search(rf"^all +{sum(in_sek):,.2f}", first_demo, re.MULTILINE)


def test_the_demo_names_rules_examples_and_where_to_look(first_demo: str) -> None:
    named = Counter(
        re.findall(r"(flagged|corrected|rejected|duplicate|malformed) {2,}[A-Z]", first_demo)
    )
    assert named.total() == 10
    flagged = KEY["type_contradictions"]
    assert re.search(rf"{flagged:,} +flagged +Type contradicts ownership", first_demo)
    malformed = KEY["counts"]["malformed"]
    assert re.search(rf" {malformed} +malformed +Line cannot be read", first_demo)
    examples = re.findall(r"“(.*)” → (.*?) *\n.* line (\d+): ([a-z_.]+)", first_demo)
    assert len(examples) == 3
    corrections = {
        (fix["raw"], fix["clean"], str(line["line_no"]), fix["rule_id"])
        for line in KEY["lines"]
        for fix in line["corrections"]
    }
    assert set(examples) <= corrections
    for next_step in ("sluss status --json", "marts.fct_transactions", "make dev", "make docs"):
        assert next_step in first_demo
    # One screen, with nothing hidden by a line that is too long.
    screen = first_demo[first_demo.index("The bank day") :].rstrip().splitlines()
    assert len(screen) <= 42
    assert max(len(line.rstrip()) for line in screen) <= 100


@pytest.mark.soak
def test_a_second_demo_changes_nothing_and_says_so(
    module_database: Database, first_demo: str, run_sluss: RunSluss
) -> None:
    before = _contents(module_database)
    assert before["marts.fct_transactions"][0] == KEY["counts"]["accepted"]
    second = run_sluss("demo").stdout
    assert _contents(module_database) == before
    assert second.count("loaded already, as load") == len(demo.FILES)
    assert "nothing was loaded, and the build changed nothing" in second
    assert second[second.index("The bank day") :] == first_demo[first_demo.index("The bank day") :]


def test_a_build_leaves_out_the_models_of_a_feed_that_never_came(
    module_database: Database, first_demo: str
) -> None:
    cashflow = ["path:models/*/cashflow"]
    with closing(connect(address=module_database.dsn)) as connection:
        assert idle_models(connection) == cashflow
        _execute(connection, "alter table marts.dim_company rename to dim_company_of_yore")
        assert idle_models(connection) == [], "an update brought a model that is not built yet"
        _execute(connection, "alter table marts.dim_company_of_yore rename to dim_company")
        with closing(ledger.connect("a loader")) as loader:
            ledger.lock_feed(loader, "cashflow_rates")
            ledger.open_load(loader, "cashflow_rates", "rates.csv", None, demo.BUSINESS_DATE)
            assert idle_models(connection) == []
        _until_told(end_dead_loads)
        assert idle_models(connection) == cashflow, "what failed leaves nothing"


def test_a_build_names_a_selection_that_matches_nothing(
    module_database: Database, first_demo: str, run_sluss: RunSluss
) -> None:
    done = run_sluss("build", "dim_account", "fct_transaction", check=2)
    assert done.stderr.startswith("error: The selection 'fct_transaction' matches nothing")
    assert "Did you mean fct_transactions" in done.stderr
    assert done.stdout == ""
    unknown = run_sluss("build", "colour:red", check=2)
    assert "'colour:red' cannot be read: 'colour' is not a valid method name" in unknown.stderr


def test_a_build_of_a_selection_works_from_any_directory(
    module_database: Database, first_demo: str, short_directory: Path
) -> None:
    elsewhere = short_directory / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SLUSS, "build", "--json", "dim_account"],
        cwd=elsewhere,
        # A relative home, as somebody may write it.
        env={**os.environ, "SLUSS_HOME": f"../{module_database.home.path.name}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["status"], result["built_count"], result["failures"]) == ("published", 1, [])
    assert {load["change"] for load in result["loads"]} == {"unchanged"}
    assert list(elsewhere.iterdir()) == []


def test_a_held_load_turns_the_build_red_with_its_reason(held_build: dict[str, Any]) -> None:
    assert held_build["status"] == "held"
    *others, held = held_build["loads"]
    assert (held["gate"], held["change"], held["accepted_count"]) == ("held", "held", 0)
    assert "name an account that should be ours but is not in the register" in held["reason"]
    assert {load["gate"] for load in others} == {"published"}
    # It is told as a load; nothing else failed.
    assert held_build["failures"] == []
    sample = next(load for load in others if load["feed"] == "bank_transactions")
    assert {name: sample[f"{name}_count"] for name in OUTCOMES} == {
        name: KEY["counts"][name] for name in OUTCOMES
    }


def test_a_held_load_is_told_in_words(held_build: dict[str, Any], run_sluss: RunSluss) -> None:
    held = held_build["loads"][-1]
    done = run_sluss("build", "rpt_load_reconciliation", check=1)
    assert f"Load {held['load_id']} is held: {held['reason']}." in done.stdout
    assert "All loads are published but 1" in done.stdout
    assert "assert_no_load_is_held" not in done.stdout


def test_a_withdrawn_load_leaves_and_the_build_is_green_again(
    held_build: dict[str, Any], run_sluss: RunSluss
) -> None:
    load_id = held_build["loads"][-1]["load_id"]
    run_sluss("withdraw", str(load_id), "--why", "the file of another bank")
    done = run_sluss("build")
    assert f"Load {load_id} is withdrawn: the file of another bank." in done.stdout
    assert "Everything is published." in done.stdout


def test_a_failing_test_is_named_with_where_its_rows_are(
    module_database: Database, first_demo: str, run_sluss: RunSluss
) -> None:
    with closing(connect(address=module_database.dsn)) as connection:
        _execute(connection, "update marts.rpt_load_reconciliation set difference_count = 1")
    done = run_sluss("build", "every_line_is_accounted_for", check=1)
    assert "fail test every_line_is_accounted_for" in done.stdout
    assert "the rows: audit.every_line_is_accounted_for" in done.stdout
    assert "The build failed: 1 step went wrong" in done.stdout


def test_a_load_whose_rows_changed_is_restated(module_database: Database, first_demo: str) -> None:
    with closing(connect(address=module_database.dsn)) as connection:
        before = standings(connection)
        assert {load.change for load in outcomes(connection, before)} == {"unchanged"}
        # New rates, or a repeated line somewhere else: no count differs, but the version does.
        _execute(connection, "update intermediate.applied_loads set version = version || '/new'")
        assert {load.change for load in outcomes(connection, before)} == {"restated"}


def test_the_demo_does_not_come_among_other_days(
    database: Database, run_sluss: RunSluss, tmp_path: Path
) -> None:
    run_sluss("generate", "bank", "--rows", "50", "--seed", "99", "--out", tmp_path)
    run_sluss("load", "bank_customers", tmp_path / "customers.csv")
    done = run_sluss("demo", check=2)
    assert "holds other days already (load 1)" in done.stderr
    assert "SLUSS_HOME=" in done.stderr
    assert len(ledger.loads()) == 1


def test_a_build_without_a_database_says_what_to_run(
    bare_database: Database, run_sluss: RunSluss
) -> None:
    nowhere = run_sluss("build", env={"SLUSS_HOME": "/nonexistent/sluss"}, check=1)
    assert "run `sluss up`" in nowhere.stderr
    empty = run_sluss("build", check=1)
    assert "lacks the migrations 0001" in empty.stderr
    assert "run `sluss up`" in empty.stderr


def test_a_second_build_waits_and_says_for_whom(database: Database) -> None:
    messages: list[str] = []

    class EnoughWaiting(Exception):
        pass

    def stop_waiting(message: str) -> None:
        messages.append(message)
        raise EnoughWaiting

    with only_build(stop_waiting):
        assert messages == []
        with pytest.raises(EnoughWaiting), only_build(stop_waiting):
            pytest.fail("two builds at once")
        assert f"process {os.getpid()}" in messages[0]
    with only_build(stop_waiting):
        assert len(messages) == 1


def test_a_build_ends_loads_whose_loader_died(database: Database) -> None:
    loader = ledger.connect("a loader")
    with closing(loader):
        ledger.lock_feed(loader, "fx_rates")
        load_id = ledger.open_load(loader, "fx_rates", "rates.zip", None, demo.BUSINESS_DATE)
        assert end_dead_loads() == ["A load of fx_rates is under way: it is not in this build."]
        assert ledger.loads()[0].status == "running"
    (message,) = _until_told(end_dead_loads)
    assert f"Load {load_id} of fx_rates was never finished" in message
    assert (ledger.loads()[0].status, ledger.loads()[0].reason) == ("failed", ledger.DEAD_REASON)


def _until_told(tell: Callable[[], list[str]]) -> list[str]:
    # The server lets go of a closed connection's lock a moment later.
    for _ in range(50):
        messages = tell()
        if messages and "under way" not in messages[0]:
            return messages
        time.sleep(0.1)
    return messages


def _contents(database: Database) -> dict[str, tuple[int, str]]:
    """Returns the number of rows of each table in the marts and snapshots, and their checksum."""
    from psycopg2 import sql

    with closing(connect(address=database.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('marts', 'snapshots')"
        )
        contents = {}
        for schema, table in cursor.fetchall():
            # The text of a row has none of Postgres's own columns (xmin, ctid) in it.
            cursor.execute(
                sql.SQL(
                    "select count(*), md5(string_agg(md5(rows::text), '' order by rows::text))"
                    " from {} as rows"
                ).format(sql.Identifier(schema, table))
            )
            contents[f"{schema}.{table}"] = cursor.fetchone()
    return contents  # type: ignore[return-value]


def _execute(connection: Any, statement: str) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)


def _read_sums() -> Counter[str]:
    """Returns what a plain reader adds up for each currency: a number, two decimals at most."""
    malformed = {line["line_no"] for line in KEY["lines"] if line["outcome"] == "malformed"}
    sums: Counter[Any] = Counter()
    for row in csv.DictReader(_good_lines(malformed)):
        if re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", row["amount"]):
            sums[row["currency"]] += Decimal(row["amount"])  # type: ignore[assignment]
    return sums


def _good_lines(malformed: set[int]) -> Iterator[str]:
    text = (demo.SAMPLE_DAY / "transactions.csv").read_bytes().decode("utf-8", "replace")
    for line_no, line in enumerate(text.split("\n"), start=1):
        if line_no not in malformed:
            yield line


def _amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))
