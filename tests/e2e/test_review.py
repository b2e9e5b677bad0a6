"""What two persons decide about a line comes into the marts with the next build, alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from loaders.generators.bank import generate_bank
from sluss.review.decisions import decide
from tests.conftest import Database
from tests.e2e.dbt_in_process import Builder
from tests.e2e.written import Tables, differences, look, written_for_nothing
from tests.support import Row, loaded, row, rows

MONDAY, TUESDAY = date(2025, 5, 19), date(2025, 5, 20)


@dataclass(frozen=True)
class Told:
    """The tables before and after the decisions, one undone, built anew; lines by what they are."""

    load_id: int
    lines: dict[str, int]
    before: Tables
    after: Tables
    undone: Tables
    from_scratch: Tables
    failed: set[str]


def by_two(load_id: int, line_no: int, verdict: str, **values: str) -> None:
    for person in ("ada", "bo"):
        decide(load_id, line_no, verdict, values, "asked the sender", person)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def told(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("review")
    generate_bank(3_000, 5, folder / "monday", day=MONDAY, accounts=100)
    generate_bank(500, 5, folder / "tuesday", day=TUESDAY, accounts=100)
    builder = Builder(module_database, folder, bank_only=True)
    loaded("fx_rates", None)
    loaded("bank_customers", folder / "monday" / "customers.csv", MONDAY)
    load_id = loaded("bank_transactions", folder / "monday" / "transactions.csv", MONDAY)
    loaded("bank_transactions", folder / "tuesday" / "transactions.csv", TUESDAY)
    builder(leave_out=("test", "unit_test", "snapshot"))
    builder()
    before = look()

    lines: dict[str, int] = {}
    for what, rule in {
        "set": "amount.implausible",
        "waived": "amount.implausible",
        "unreadable": "amount.missing",
        "dated": "ts.no_such_day",
        "checksum": "account.checksum",
        "kept out": "amount.not_positive",
        "undone": "amount.too_precise",
    }.items():
        taken = list(lines.values())
        lines[what] = rows(
            "select _line_no from marts.fct_rejections "
            "where _load_id = %s and rule_ids = array[%s] and not _line_no = any (%s) "
            # Once such a line is accepted, one that was sent again in its place is not.
            "and transaction_id not in (select transaction_id from staging.raw_bank_transactions "
            "group by transaction_id having count(*) > 1) order by _line_no",
            (load_id, rule, taken),
        )[0]["_line_no"]
    by_two(load_id, lines["set"], "accept", amount="1 234,50")
    by_two(load_id, lines["waived"], "accept")
    by_two(load_id, lines["unreadable"], "accept", amount="soon")
    by_two(load_id, lines["dated"], "accept", timestamp="2025-05-19 12:00:00")
    by_two(load_id, lines["checksum"], "accept")
    by_two(load_id, lines["kept out"], "reject")
    by_two(load_id, lines["undone"], "accept", amount="7.00")
    failed = builder(leave_out=("seed", "unit_test", "snapshot"))
    after = look()
    by_two(load_id, lines["undone"], "reject")
    builder()
    undone = look()
    builder("--full-refresh")
    return Told(load_id, lines, before, after, undone, look(), failed)


def fact(tables: Tables, told: Told, what: str) -> Row | None:
    found = [
        each
        for each in tables.rows["fct_transactions"]
        if (each["_load_id"], each["_line_no"]) == (told.load_id, told.lines[what])
    ]
    return found[0] if found else None


def rejection(tables: Tables, told: Told, what: str) -> set[str]:
    (found,) = [
        each["rule_ids"]
        for each in tables.rows["fct_rejections"]
        if (each["_load_id"], each["_line_no"]) == (told.load_id, told.lines[what])
    ]
    return set(found)


def corrections(tables: Tables, told: Told, what: str) -> set[tuple[str, str, str]]:
    return {
        (each["field"], each["clean_value"], each["rule_id"])
        for each in tables.rows["fct_corrections"]
        if (each["_load_id"], each["_line_no"]) == (told.load_id, told.lines[what])
    }


def test_a_value_set_by_two_is_what_the_marts_say(told: Told) -> None:
    assert fact(told.before, told, "set") is None
    found = fact(told.after, told, "set")
    assert found is not None
    assert (found["amount"], found["corrections"]) == (Decimal("1234.50"), ["review.set"])
    assert corrections(told.after, told, "set") == {("amount", "1234.50", "review.set")}
    raw = row(
        "select amount from staging.raw_bank_transactions where _load_id = %s and _line_no = %s",
        (told.load_id, told.lines["set"]),
    )
    (shown,) = [
        each["raw_value"]
        for each in told.after.rows["fct_corrections"]
        if (each["_load_id"], each["_line_no"]) == (told.load_id, told.lines["set"])
    ]
    assert shown == raw["amount"], "the file's own text stays in view"


@pytest.mark.parametrize("what", ["waived", "checksum"])
def test_a_line_accepted_as_it_stands_keeps_its_values(told: Told, what: str) -> None:
    assert fact(told.before, told, what) is None
    assert fact(told.after, told, what) is not None
    assert {rule for _, _, rule in corrections(told.after, told, what)} == {"review.accepted"}


def test_a_day_set_by_two_is_booked_on_that_day(told: Told) -> None:
    found = fact(told.after, told, "dated")
    assert found is not None
    assert found["booked_date"] == MONDAY


def test_a_set_value_that_cannot_be_read_rejects_the_line_again(told: Told) -> None:
    assert fact(told.after, told, "unreadable") is None
    assert rejection(told.after, told, "unreadable") == {"amount.not_a_number"}


def test_a_confirmed_rejection_says_so(told: Told) -> None:
    assert rejection(told.after, told, "kept out") == {"amount.not_positive", "review.rejected"}


def test_a_later_decision_undoes_an_earlier_one(told: Told) -> None:
    assert fact(told.after, told, "undone") is not None
    assert fact(told.undone, told, "undone") is None
    assert rejection(told.undone, told, "undone") == {"amount.too_precise", "review.rejected"}


def test_the_load_still_adds_up(told: Told) -> None:
    assert told.failed == set()
    for tables in (told.before, told.after, told.undone):
        for each in tables.rows["rpt_load_reconciliation"]:
            assert each["difference_count"] == 0, each
    accepted = [
        each["accepted_count"]
        for tables in (told.before, told.after, told.undone)
        for each in tables.rows["rpt_load_reconciliation"]
        if each["_load_id"] == told.load_id
    ]
    assert accepted == [accepted[0], accepted[0] + 5, accepted[0] + 4]


def test_no_other_row_of_the_marts_is_written(told: Told) -> None:
    assert written_for_nothing(told.before, told.after) == []
    gone, came = (
        set(one.versions["marts.fct_transactions"]) - set(other.versions["marts.fct_transactions"])
        for one, other in ((told.before, told.after), (told.after, told.before))
    )
    assert (len(gone), len(came)) == (0, 5)


def test_built_from_scratch_the_decisions_give_the_same(told: Told) -> None:
    assert differences(told.undone, told.from_scratch) == []
