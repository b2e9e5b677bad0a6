"""A day against another bank's register is held, and published once the right one is there.

And what the same database goes through afterwards: lines repeated across files, days that come, a
corrected register, withdrawals. `history` tells the steps; every test looks at the one it is about.
In the end the same loads are built from scratch: row for row, that must give what the steps led to.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database, RunSluss
from tests.e2e import history as history_module
from tests.e2e.dbt_in_process import Builder
from tests.e2e.detection import Held, assert_same, holdings
from tests.e2e.history import (
    ACCOUNTS,
    FRIDAY,
    MONDAY,
    THURSDAY,
    TUESDAY,
    History,
    account,
    as_set,
    make_history,
)
from tests.support import row

# Two reports speak of loads; all other tables with a _load_id hold lines, or sums of lines.
REPORTS_OF_LOADS = {"rpt_load_reconciliation", "rpt_rule_summary"}

ACCEPTED = ("accepted", frozenset[str]())
DUPLICATE = ("duplicate", frozenset({"duplicate.exact"}))
CONFLICT = ("rejected", frozenset({"id.conflict"}))
WAITING = ("rejected", frozenset({"ts.future"}))
UNKNOWN = ("rejected", frozenset({"account.unknown_own"}))


@pytest.fixture(scope="module")
def history(
    module_database: Database,
    run_sluss: RunSluss,
    tmp_path_factory: pytest.TempPathFactory,
) -> History:
    folder = tmp_path_factory.mktemp("history")
    return make_history(folder, Builder(module_database, folder, bank_only=True), run_sluss)


# --- held -----------------------------------------------------------------------------------------


def test_a_day_of_another_bank_is_held_and_the_report_says_why(history: History) -> None:
    report = history["held"].report(history.loads["monday"])
    assert report["gate"] == "held"
    for word in (
        "name an account that should be ours",
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
    assert not history["held"].succeeded
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
    """Monday's lines that wait for nothing but their day, and the day.

    Without those of the account that the corrected register drops.
    """
    assert history.monday is not None
    records = history.monday.records
    return {
        number: date.fromisoformat(records[number][1][:10])
        for number, entry in history.monday.entries.items()
        if entry["rule_ids"] == ["ts.future"] and history.dropped_account not in records[number]
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
        number: day.toordinal() <= latest.toordinal() + 1
        for number, day in waiting_lines(history).items()
    }
    assert set(released.values()) == ({False} if latest == MONDAY else {False, True})
    # Tuesday's file holds the same lines; of two that may stand, the earlier load's does.
    stands = DUPLICATE if load == "monday again" else ACCEPTED
    for number, is_released in released.items():
        assert found[number] == (stands if is_released else WAITING), number


def test_a_released_line_makes_its_copy_a_duplicate(history: History) -> None:
    day = waiting_lines(history)
    found = history["repeated"].lines(history.loads["tuesday"])
    for own, (_, theirs) in history.repeated.items():
        if theirs in day:
            is_released = day[theirs].toordinal() <= TUESDAY.toordinal() + 1
            assert found[own] == (DUPLICATE if is_released else WAITING), (own, day[theirs])


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
            assert now[number] == UNKNOWN
        others = {number for number in was if was[number] != now[number]} - gone
        raw = {
            # Repeats may write the account in another way.
            each["_line_no"]: re.sub(r"[ -]", "", repr(each["raw"])).upper()
            for each in after.of(history.loads[load], "fct_rejections")
        }
        for number in others:
            # What stood in the way of the others named the account.
            assert now[number] == ACCEPTED or history.dropped_account in raw[number], number
    assert touched > 5
    # A register that another of its day replaces was never in force.
    accounts = {each["account_id"] for each in after.marts["dim_account"]}
    assert history.dropped_account not in accounts


def test_of_a_repeated_pair_both_can_be_rejected(history: History) -> None:
    assert history.monday is not None
    pairs = [
        (own, theirs)
        for own, (kind, theirs) in history.repeated.items()
        if kind == "same" and history.dropped_account in history.monday.records[theirs]
    ]
    assert pairs
    before, after = history["repeated"], history["register corrected"]
    monday, tuesday = history.loads["monday"], history.loads["tuesday"]
    for own, theirs in pairs:
        assert (before.lines(monday)[theirs], before.lines(tuesday)[own]) == (ACCEPTED, DUPLICATE)
        assert (after.lines(monday)[theirs], after.lines(tuesday)[own]) == (UNKNOWN, UNKNOWN)


def test_a_corrected_register_moves_its_customers(history: History) -> None:
    account, address = history.moved
    for step, expected in {"repeated": False, "register corrected": True}.items():
        marts = history[step].marts
        (holder,) = {
            each["customer_id"] for each in marts["dim_account"] if each["account_id"] == account
        }
        (customer,) = [each for each in marts["dim_customer"] if each["customer_id"] == holder]
        assert (customer["address"] == address) is expected


def test_a_register_is_judged_line_by_line(history: History) -> None:
    step, load = history["register corrected"], history.loads["corrected register"]
    line_of = history.register
    outcomes = step.lines(load)
    for rule in ("account_missing", "account_malformed", "account_conflict"):
        found = outcomes[line_of[f"customer.{rule}"]]
        assert found == ("rejected", frozenset({f"customer.{rule}"}))
    repeated = line_of["customer.duplicate_exact"]
    assert outcomes[repeated] == ("duplicate", frozenset({"customer.duplicate_exact"}))
    assert len(outcomes) == 4

    (correction,) = step.of(load, "fct_corrections")
    assert correction["_line_no"] == line_of["customer.account_formatting"]
    assert correction["rule_id"] == "customer.account_formatting"
    assert correction["field"] == "bank_account"
    assert correction["raw_value"] == "se89 02ne wa00 0000 0000 0002"
    assert correction["clean_value"] == account("0002")

    counted = {each["rule_id"]: each["line_count"] for each in step.of(load, "rpt_rule_summary")}
    assert counted == dict.fromkeys(line_of, 1)

    accounts = {each["account_id"]: each for each in step.marts["dim_account"]}
    assert accounts[account("0004")]["customer_id"] is None
    for number in ("0002", "0003", "0005"):
        assert accounts[account(number)]["customer_id"] is not None
        assert accounts[account(number)]["is_open"]


def test_an_account_is_open_while_the_newest_register_lists_it(history: History) -> None:
    accounts = {each["account_id"]: each for each in history["again"].marts["dim_account"]}
    assert history.monday is not None
    ours = {holder[4] for holder in history.monday.customers}
    assert all(accounts[each]["is_open"] for each in ours - {history.dropped_account})
    others = accounts.keys() - ours - {account(f"{number:04}") for number in range(2, 6)}
    assert len(others) == ACCOUNTS
    for each in others:
        assert not accounts[each]["is_open"]
        assert accounts[each]["first_listed_date"] == FRIDAY
        assert accounts[each]["closed_date"] == MONDAY, "a business date, not the day of the build"


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
        assert found <= {ACCEPTED, UNKNOWN}, what


def test_a_file_with_nothing_but_its_header_is_published(history: History) -> None:
    report = history["again"].report(history.loads["nothing"])
    assert (report["gate"], report["line_count"], report["difference_count"]) == ("published", 0, 0)


def test_a_withdrawn_file_loaded_again_comes_after_what_took_its_place(history: History) -> None:
    for what, outcome in {
        "same": DUPLICATE,
        "same after cleaning": DUPLICATE,
        "other amount": CONFLICT,
    }.items():
        found = outcomes(history, "again", "monday again", what)
        assert outcome in found
        assert found <= {outcome, UNKNOWN}, what


# --- all of it ------------------------------------------------------------------------------------


STEPS = ("held", "register loaded", "repeated", "register corrected", "withdrawn", "again")


@pytest.mark.parametrize("step", [*STEPS, "nothing new", "from scratch"])
def test_every_step_builds(history: History, step: str) -> None:
    held = {"assert_no_load_is_held"} if step == "held" else set()
    assert history[step].failed == held
    assert history[step].succeeded is (not held)


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


@pytest.mark.soak
def test_what_detection_holds_is_what_a_build_from_scratch_makes(
    database: Database,
    run_sluss: RunSluss,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same story once more: accounts leave the register, loads go and come again."""
    seen: list[Held] = []

    def look_at_it_too(*arguments: Any) -> history_module.Step:
        seen.append(holdings())
        return look(*arguments)

    look = history_module.look
    monkeypatch.setattr(history_module, "look", look_at_it_too)
    make_history(
        tmp_path, Builder(database, tmp_path, bank_only=True, with_detection=True), run_sluss
    )
    built, anew = seen[-2], seen[-1]
    assert_same(built, anew)
    assert anew["int_aml_hits__united"]
