"""A history of loads in one database: wrong register, repeated lines, withdrawals, late corrections.

Two banks, B and ours. B's register and its Friday come first and are in order; then comes our
Monday, which is held, for the only register there is knows none of its accounts. What follows is
told by the names of the steps in `history`; each step ends with a build, and what the tables then
held is kept, so that every test looks at the step it is about. In the end the same loads are built
from scratch: row for row, that must give what the steps have led to.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import sql

from loaders.generators.bank import generate_bank
from tests.conftest import Database, RunDbt, RunSluss
from tests.support import Row, loaded, row, rows
from tests.unit.generated_day import Day, read_day

FRIDAY, MONDAY, TUESDAY = date(2025, 5, 16), date(2025, 5, 19), date(2025, 5, 20)
THURSDAY = date(2025, 5, 22)
ACCOUNTS = 500

# Two reports speak of loads; all other tables with a _load_id hold lines, or sums of lines.
REPORTS_OF_LOADS = {"rpt_load_reconciliation", "rpt_rule_summary"}

# Seeds never change here, and the data tests are run by the steps that say so.
QUICK = ("--exclude-resource-type", "seed", "test")


@dataclass(frozen=True)
class Step:
    """What the tables held after a step, and how its build ended."""

    exit_code: int
    failed: set[str]
    marts: dict[str, list[Row]]
    raw_count: int
    ledger: dict[int, Row]
    row_versions: Counter[str]

    def lines(self, load_id: int) -> dict[int, tuple[str, frozenset[str]]]:
        """Outcome and failing rules of a load's published lines, by line number."""
        found: dict[int, tuple[str, frozenset[str]]] = {}
        for fact in self.of(load_id, "fct_transactions"):
            found[fact["_line_no"]] = ("accepted", frozenset())
        for each in self.of(load_id, "fct_rejections"):
            assert each["_line_no"] not in found, "one line, one outcome"
            found[each["_line_no"]] = (each["outcome"], frozenset(each["rule_ids"]))
        return found

    def of(self, load_id: int, mart: str) -> list[Row]:
        """The rows of a load in a mart."""
        return [each for each in self.marts[mart] if each["_load_id"] == load_id]

    def report(self, load_id: int) -> Row:
        """The reconciliation of a load."""
        (only,) = self.of(load_id, "rpt_load_reconciliation")
        return only


@dataclass
class History:
    """The loads by name, the files they came from, and the steps by name."""

    loads: dict[str, int] = field(default_factory=dict)
    monday: Day | None = None
    repeated: dict[int, tuple[str, int]] = field(default_factory=dict)
    dropped_account: str = ""
    moved: tuple[str, str] = ("", "")
    steps: dict[str, Step] = field(default_factory=dict)

    def __getitem__(self, step: str) -> Step:
        return self.steps[step]


def tables_of_marts() -> list[str]:
    found = rows("select table_name from information_schema.tables where table_schema = 'marts'")
    return sorted(each["table_name"] for each in found)


def as_set(table: list[Row]) -> Counter[str]:
    return Counter(repr(sorted(each.items(), key=lambda item: item[0])) for each in table)


def look(exit_code: int, target: Path) -> Step:
    """Takes down what the tables hold."""
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    marts = {
        name: rows(sql.SQL("select * from {}").format(sql.Identifier("marts", name)))
        for name in tables_of_marts()
    }
    versions = rows(
        "select 'fct_transactions ' || xmin || ctid as version from marts.fct_transactions "
        "union all select 'movements ' || xmin || ctid from marts.fct_account_movements "
        "union all select 'rejections ' || xmin || ctid from marts.fct_rejections "
        "union all select 'corrections ' || xmin || ctid from marts.fct_corrections "
        "union all select 'judged ' || xmin || ctid from intermediate.int_transactions__judged"
    )
    return Step(
        exit_code=exit_code,
        failed={
            each["unique_id"].split(".")[2]
            for each in results
            if each["status"] not in ("success", "pass", "no-op")
        },
        marts=marts,
        raw_count=row("select count(*) as lines from staging.raw_bank_transactions")["lines"],
        ledger={each["load_id"]: each for each in rows("select * from ops.loads")},
        row_versions=Counter(each["version"] for each in versions),
    )


def write_lines(path: Path, header: Iterable[str], records: Iterable[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([list(header), *records])
    return path


def repeat_of_monday(monday: Day, tuesday_file: Path) -> dict[int, tuple[str, int]]:
    """Appends lines of Monday to Tuesday's file; returns what each is, and its line on Monday."""
    physical = tuesday_file.read_text(encoding="utf-8", errors="surrogateescape").count("\n")
    plain = [number for number, record in monday.clean.items() if "\n" not in record[11]]
    waiting = [
        number
        for number, entry in monday.entries.items()
        if entry["class"] == "ts.future" and entry["rule_ids"] == ["ts.future"]
    ]
    without_amount = [
        number
        for number, entry in monday.entries.items()
        if entry["rule_ids"] == ["amount.missing"]
    ]

    appended: list[tuple[str, int, list[str]]] = []
    for number in plain[:30]:
        appended.append(("same", number, monday.records[number]))
    for number in plain[30:40]:
        record = monday.records[number]
        appended.append(
            ("same after cleaning", number, [*record[:2], f" {record[2]}", *record[3:]])
        )
    for number in plain[40:60]:
        record = monday.records[number]
        other = f"{Decimal(record[2]) + 1:.2f}"
        appended.append(("other amount", number, [*record[:2], other, *record[3:]]))
    for number in waiting:
        appended.append(("waiting", number, monday.records[number]))
    for number in without_amount:
        record = monday.records[number]
        appended.append(("mended", number, [*record[:2], "12.50", *record[3:]]))

    with tuesday_file.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(record for _, _, record in appended)
    return {
        physical + place: (what, number)
        for place, (what, number, _) in enumerate(appended, start=1)
    }


def corrected_register(source: Path, path: Path, history: History) -> Path:
    """Writes our register anew: one account gone, one holder moved, one account more."""
    with source.open(encoding="utf-8", newline="") as file:
        header, *holders = csv.reader(file)
    history.dropped_account = holders[0][4]
    moved = holders[10]
    history.moved = (moved[4], "Nygatan 1, 11122 Stockholm")
    kept = [
        [holder[0], history.moved[1], *holder[2:]] if holder[3] == moved[3] else holder
        for holder in holders[1:]
    ]
    return write_lines(path, header, [*kept, [*moved[:4], "SE8902NEWA00000000000001"]])


@pytest.fixture(scope="module")
def history(
    module_database: Database,
    run_dbt: RunDbt,
    run_sluss: RunSluss,
    tmp_path_factory: pytest.TempPathFactory,
) -> History:
    folder = tmp_path_factory.mktemp("history")
    target = folder / "target"
    told = History()
    loads = told.loads

    def generated(name: str, seed: int, rows: int, day: date) -> Path:
        generate_bank(rows, seed, folder / name, day=day, accounts=ACCOUNTS)
        return folder / name

    def build(step: str, *options: str) -> None:
        done = run_dbt("build", *options, target=target, check=None)
        told.steps[step] = look(done.returncode, target)
        unexpected = told.steps[step].failed - {"assert_no_load_is_held"}
        assert not unexpected, done.stdout

    other_bank = generated("other bank", 2, 2_000, FRIDAY)
    monday = generated("monday", 1, 5_000, MONDAY)
    tuesday = generated("tuesday", 1, 2_000, TUESDAY)
    thursday = generated("thursday", 1, 50, THURSDAY)
    told.monday = read_day(monday)

    loaded("fx_rates", None)
    loads["register of B"] = loaded("bank_customers", other_bank / "customers.csv", FRIDAY)
    loads["friday of B"] = loaded("bank_transactions", other_bank / "transactions.csv", FRIDAY)
    loads["monday"] = loaded("bank_transactions", monday / "transactions.csv", MONDAY)
    spoiled = [
        [*record[:2], "n/a" if number % 4 == 0 else record[2], *record[3:]]
        for number, record in enumerate(list(read_day(other_bank).clean.values())[:40])
    ]
    loads["spoiled"] = loaded(
        "bank_transactions",
        write_lines(folder / "spoiled.csv", told_header(monday), spoiled),
        FRIDAY,
    )
    build("held")

    run_sluss("withdraw", str(loads["spoiled"]), "--why", "a quarter of it has no amounts")
    loads["our register"] = loaded("bank_customers", monday / "customers.csv", MONDAY)
    build("register loaded")

    told.repeated = repeat_of_monday(told.monday, tuesday / "transactions.csv")
    loads["tuesday"] = loaded("bank_transactions", tuesday / "transactions.csv", TUESDAY)
    build("repeated", *QUICK)

    register = corrected_register(monday / "customers.csv", folder / "corrected.csv", told)
    loads["corrected register"] = loaded("bank_customers", register, MONDAY)
    build("register corrected", *QUICK)

    run_sluss("withdraw", str(loads["monday"]), "--why", "the file of another system")
    build("withdrawn", *QUICK)

    loads["monday again"] = loaded(
        "bank_transactions", monday / "transactions.csv", MONDAY, again=True
    )
    loads["thursday"] = loaded("bank_transactions", thursday / "transactions.csv", THURSDAY)
    build("again")

    build("nothing new")
    build("from scratch", "--full-refresh")
    return told


def told_header(folder: Path) -> list[str]:
    with (folder / "transactions.csv").open(encoding="utf-8") as file:
        return file.readline().strip().split(",")


# --- held -----------------------------------------------------------------------------------------


def test_a_day_of_another_bank_is_held_and_the_report_says_why(history: History) -> None:
    report = history["held"].report(history.loads["monday"])
    assert report["gate"] == "held"
    for word in (
        "accounts" if False else "account",
        "not in the register",
        f"load {history.loads['register of B']} (customers.csv)",
        "more than 5 %",
        "load the right one and build again",
    ):
        assert word in report["gate_reason"]


def test_a_file_with_too_many_bad_lines_is_held(history: History) -> None:
    report = history["held"].report(history.loads["spoiled"])
    assert report["gate"] == "held"
    assert "10 of 40 lines" in report["gate_reason"]
    assert "rejected, more than 10 %" in report["gate_reason"]


def test_no_line_of_a_held_load_is_in_any_mart(history: History) -> None:
    step = history["held"]
    with_lines = {
        name for name, table in step.marts.items() if table and "_load_id" in table[0]
    } - REPORTS_OF_LOADS
    assert with_lines >= {
        "fct_transactions",
        "fct_rejections",
        "fct_corrections",
        "fct_account_movements",
        "rpt_load_currency_totals",
    }
    for name in with_lines:
        for held in ("monday", "spoiled"):
            assert step.of(history.loads[held], name) == [], name


def test_a_held_load_turns_the_build_red_and_nothing_else_does(history: History) -> None:
    assert history["held"].exit_code != 0
    assert history["held"].failed == {"assert_no_load_is_held"}


def test_other_loads_are_published_beside_a_held_one(history: History) -> None:
    step = history["held"]
    report = step.report(history.loads["friday of B"])
    assert (report["gate"], report["difference_count"]) == ("published", 0)
    assert len(step.of(history.loads["friday of B"], "fct_transactions")) > 1_900
    assert (
        len(step.of(history.loads["friday of B"], "fct_transactions")) == report["accepted_count"]
    )


# --- the right register ---------------------------------------------------------------------------


def test_the_right_register_publishes_the_day_without_loading_it_again(history: History) -> None:
    before, after = history["held"], history["register loaded"]
    monday = history.loads["monday"]
    assert after.exit_code == 0
    assert after.failed == set()
    assert after.ledger[monday] == before.ledger[monday]
    assert after.raw_count == before.raw_count
    report = after.report(monday)
    assert (report["gate"], report["gate_reason"]) == ("published", None)
    assert report["difference_count"] == 0

    assert history.monday is not None
    expected = dict.fromkeys(history.monday.clean, ("accepted", frozenset()))
    for number, entry in history.monday.entries.items():
        if entry["outcome"] != "malformed":
            expected[number] = (entry["outcome"], frozenset(entry["rule_ids"]))
    assert after.lines(monday) == expected


def test_a_later_register_leaves_earlier_days_alone(history: History) -> None:
    friday = history.loads["friday of B"]
    assert history["register loaded"].lines(friday) == history["held"].lines(friday)


# --- repeated lines, and a day that has come ------------------------------------------------------


def outcomes(history: History, step: str, load: str, what: str) -> set[tuple[str, frozenset[str]]]:
    """What became of the lines of Tuesday's file that repeat Monday in some way."""
    found = history[step].lines(history.loads[load])
    return {
        found[own if load == "tuesday" else theirs]
        for own, (kind, theirs) in history.repeated.items()
        if kind == what
    }


ACCEPTED = ("accepted", frozenset[str]())
DUPLICATE = ("duplicate", frozenset({"duplicate.exact"}))
CONFLICT = ("rejected", frozenset({"id.conflict"}))


def test_lines_repeated_in_a_later_file(history: History) -> None:
    assert Counter(kind for kind, _ in history.repeated.values()).keys() == {
        *("same", "same after cleaning", "other amount", "waiting", "mended")
    }
    for what, outcome in {
        "same": DUPLICATE,
        "same after cleaning": DUPLICATE,
        "other amount": CONFLICT,
        "mended": ACCEPTED,
    }.items():
        assert outcomes(history, "repeated", "tuesday", what) == {outcome}, what
    for what in ("same", "same after cleaning", "other amount"):
        assert outcomes(history, "repeated", "monday", what) == {ACCEPTED}, what


def waiting_lines(history: History) -> dict[int, date]:
    """Monday's lines that wait for nothing but their day, and the day."""
    assert history.monday is not None
    return {
        number: date.fromisoformat(history.monday.records[number][1][:10])
        for number, entry in history.monday.entries.items()
        if entry["class"] == "ts.future" and entry["rule_ids"] == ["ts.future"]
    }


@pytest.mark.parametrize(
    ("step", "load", "latest"),
    [
        ("register loaded", "monday", MONDAY),
        ("repeated", "monday", TUESDAY),
        ("again", "monday again", THURSDAY),
    ],
)
def test_a_line_of_the_future_is_released_when_its_day_comes(
    history: History, step: str, load: str, latest: date
) -> None:
    found = history[step].lines(history.loads[load])
    released = {
        number: (latest.toordinal() + 1 >= day.toordinal())
        for number, day in waiting_lines(history).items()
    }
    assert len(set(released.values())) == (1 if latest == MONDAY else 2), "some wait, some do not"
    for number, is_released in released.items():
        # Tuesday's file holds the same lines; of two that may stand, the earlier load's does.
        expected = (DUPLICATE if load == "monday again" else ACCEPTED) if is_released else None
        assert found[number] == (expected or ("rejected", frozenset({"ts.future"}))), number


def test_a_released_line_makes_its_copy_a_duplicate(history: History) -> None:
    day = waiting_lines(history)
    found = history["repeated"].lines(history.loads["tuesday"])
    for own, (kind, theirs) in history.repeated.items():
        if kind == "waiting":
            is_released = day[theirs].toordinal() <= TUESDAY.toordinal() + 1
            expected = DUPLICATE if is_released else ("rejected", frozenset({"ts.future"}))
            assert found[own] == expected, (own, day[theirs])


# --- the corrected register -----------------------------------------------------------------------


def test_a_corrected_register_of_the_same_day_restates_the_lines_it_touches(
    history: History,
) -> None:
    before, after = history["repeated"], history["register corrected"]
    touched = 0
    for load in ("monday", "tuesday"):
        was, now = before.lines(history.loads[load]), after.lines(history.loads[load])
        assert was.keys() == now.keys()
        gone = {
            fact["_line_no"]
            for fact in before.of(history.loads[load], "fct_transactions")
            if history.dropped_account in (fact["sender_account"], fact["receiver_account"])
        }
        touched += len(gone)
        for number in gone:
            assert now[number] == ("rejected", frozenset({"account.unknown_own"}))
        others = {number for number in was if was[number] != now[number]} - gone
        raw = {
            each["_line_no"]: each["raw"]
            for each in after.of(history.loads[load], "fct_rejections")
        }
        for number in others:
            assert history.dropped_account in repr(raw[number]) or now[number] == ACCEPTED
    assert touched > 5
    gone_account = [
        each for each in after.marts["dim_account"] if each["account_id"] == history.dropped_account
    ]
    assert [each["is_open"] for each in gone_account] == [False]


def test_a_corrected_register_moves_its_customers(history: History) -> None:
    account, address = history.moved
    for step, expected in {"repeated": False, "register corrected": True}.items():
        marts = history[step].marts
        (holder,) = {
            each["customer_id"] for each in marts["dim_account"] if each["account_id"] == account
        }
        (customer,) = [each for each in marts["dim_customer"] if each["customer_id"] == holder]
        assert (customer["address"] == address) is expected
    accounts = {each["account_id"] for each in history["register corrected"].marts["dim_account"]}
    assert "SE8902NEWA00000000000001" in accounts


# --- withdrawals ----------------------------------------------------------------------------------


def test_a_withdrawn_load_leaves_every_mart_and_stays_in_the_ledger(history: History) -> None:
    before, after = history["register corrected"], history["withdrawn"]
    monday = history.loads["monday"]
    assert len(before.of(monday, "fct_transactions")) > 4_000
    for name, table in after.marts.items():
        if table and "_load_id" in table[0]:
            assert after.of(monday, name) == [], name
    assert after.raw_count == before.raw_count
    kept = row(
        "select count(*) as lines from staging.raw_bank_transactions where _load_id = %s", (monday,)
    )
    ledger = after.ledger[monday]
    assert kept["lines"] == ledger["line_count"] - ledger["malformed_count"]
    assert (ledger["status"], ledger["reason"]) == ("withdrawn", "the file of another system")


def test_lines_that_repeat_a_withdrawn_load_take_its_place(history: History) -> None:
    for what in ("same", "same after cleaning", "other amount", "mended"):
        found = outcomes(history, "withdrawn", "tuesday", what)
        assert ACCEPTED in found
        # A few of them name the account that the corrected register dropped.
        assert found <= {ACCEPTED, ("rejected", frozenset({"account.unknown_own"}))}, what


def test_a_withdrawn_file_loaded_again_comes_after_what_took_its_place(history: History) -> None:
    unknown = ("rejected", frozenset({"account.unknown_own"}))
    for what, outcome in {
        "same": DUPLICATE,
        "same after cleaning": DUPLICATE,
        "other amount": CONFLICT,
    }.items():
        found = outcomes(history, "again", "monday again", what)
        assert outcome in found
        assert found <= {outcome, unknown}, what


# --- all of it ------------------------------------------------------------------------------------


STEPS = ("held", "register loaded", "repeated", "register corrected", "withdrawn", "again")


@pytest.mark.parametrize("step", STEPS)
def test_every_step_reconciles(history: History, step: str) -> None:
    standing = {
        load_id for load_id, each in history[step].ledger.items() if each["status"] == "loaded"
    }
    reports = history[step].marts["rpt_load_reconciliation"]
    assert {each["_load_id"] for each in reports} == standing
    for each in reports:
        assert each["difference_count"] == 0, each
        ended = ("accepted", "rejected", "duplicate", "malformed")
        assert each["line_count"] == sum(each[f"{outcome}_count"] for outcome in ended)
        if each["gate"] == "published" and each["feed"] == "bank_transactions":
            found = Counter(
                outcome for outcome, _ in history[step].lines(each["_load_id"]).values()
            )
            for outcome in ("accepted", "rejected", "duplicate"):
                assert found[outcome] == each[f"{outcome}_count"], (each["_load_id"], outcome)


@pytest.mark.parametrize("step", STEPS)
def test_every_step_keeps_the_daily_accounts(history: History, step: str) -> None:
    expected: dict[tuple[str, date], list[Any]] = {}
    for fact in history[step].marts["fct_transactions"]:
        for way, side in (("incoming", "receiver"), ("outgoing", "sender")):
            if fact["direction"] in (way, "internal"):
                day = expected.setdefault(
                    (fact[f"{side}_account"], fact["booked_date"]),
                    [Decimal(0), Decimal(0), 0, 0],
                )
                place = 0 if way == "incoming" else 1
                day[place] += fact["amount_sek"] or 0
                day[place + 2] += 1
    found = {
        (each["own_account"], each["movement_date"]): [
            each["incoming_amount_sek"],
            each["outgoing_amount_sek"],
            each["incoming_count"],
            each["outgoing_count"],
        ]
        for each in history[step].marts["fct_account_daily"]
    }
    assert found == expected
    to_date: dict[str, Decimal] = {}
    for each in sorted(
        history[step].marts["fct_account_daily"],
        key=lambda each: (each["own_account"], each["movement_date"]),
    ):
        account = each["own_account"]
        assert each["net_amount_sek"] == each["incoming_amount_sek"] - each["outgoing_amount_sek"]
        to_date[account] = to_date.get(account, Decimal(0)) + each["net_amount_sek"]
        assert each["balance_change_to_date_sek"] == to_date[account]


def test_a_build_with_nothing_new_writes_no_row(history: History) -> None:
    assert history["nothing new"].exit_code == 0
    assert history["nothing new"].row_versions == history["again"].row_versions


@pytest.mark.parametrize("step", ["nothing new", "from scratch"])
def test_building_again_gives_the_same_rows(history: History, step: str) -> None:
    before, after = history["again"].marts, history[step].marts
    assert before.keys() == after.keys()
    for name in before:
        was, now = as_set(before[name]), as_set(after[name])
        assert was - now == Counter(), f"{name}: rows that are gone"
        assert now - was == Counter(), f"{name}: rows that came"


def test_building_from_scratch_writes_every_row_anew(history: History) -> None:
    """Or the comparison above compares nothing."""
    before, after = history["again"].row_versions, history["from scratch"].row_versions
    assert not before & after
    assert sum(before.values()) == sum(after.values())


Never = Callable[[], None]
