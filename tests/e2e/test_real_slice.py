"""The bank's own slice: 10,000 lines, their register, and 31 defects that were made by hand.

The slice is not part of the project; the tests run where it lies beside the checkout. What must
become of a defect is derived here from what its row suggests and from the rules of the feed, and
the sums are added up from the file with `csv` and `Decimal`, never with the product's own code.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import REPOSITORY, Database
from tests.e2e.dbt_in_process import Builder
from tests.support import Row, loaded, row, rows

SLICE = REPOSITORY.parent / "shared" / "data" / "bank"
BUSINESS_DATE = date(2025, 5, 19)
CEILING = Decimal(1_000_000)

pytestmark = pytest.mark.skipif(
    not (SLICE / "transactions.csv").exists(), reason="the bank's slice is not beside this checkout"
)


def read(name: str) -> list[dict[str, str]]:
    with (SLICE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def defects() -> list[dict[str, str]]:
    return read("handmade_defects.csv") if (SLICE / "handmade_defects.csv").exists() else []


def called(defect: dict[str, str]) -> str:
    return f"{defect['file_line']}-{defect['raw_value'].replace(' ', '_')}"


@pytest.fixture(scope="module")
def load_id(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The slice's load, built."""
    loaded("bank_customers", SLICE / "customers.csv", BUSINESS_DATE)
    load = loaded("bank_transactions", SLICE / "transactions.csv", BUSINESS_DATE)
    loaded("fx_rates", None)
    builder = Builder(module_database, tmp_path_factory.mktemp("dbt"))
    assert builder(leave_out=("unit_test",)) == set()
    return load


def line(load_id: int, line_no: int) -> tuple[Row | None, Row | None, list[Row]]:
    """The line's accepted row, its rejected row, and its corrections."""
    here = (load_id, line_no)
    accepted = rows(
        "select *, booked_at at time zone 'Europe/Stockholm' as local_time "
        "from marts.fct_transactions where _load_id = %s and _line_no = %s",
        here,
    )
    rejected = rows(
        "select * from marts.fct_rejections where _load_id = %s and _line_no = %s", here
    )
    corrections = rows(
        "select field, raw_value, clean_value, rule_id from marts.fct_corrections "
        "where _load_id = %s and _line_no = %s",
        here,
    )
    assert len(accepted) + len(rejected) == 1, "one line, one outcome"
    return next(iter(accepted), None), next(iter(rejected), None), corrections


def rule_of(defect: dict[str, str]) -> str:
    """The rule that bank_feed.md has for a raw value of the defects' three columns."""
    column, raw = defect["column"], defect["raw_value"]
    forms = {
        "amount": {
            r" .*|.* ": "amount.trimmed",
            r"\d+ [.]\d\d": "amount.inner_space",
            r"\d+ \d\d": "amount.space_as_point",
            r"\d{7,}([.]\d\d)?": "amount.implausible",
        },
        "currency": {r"SKR": "currency.alias", r" .*|.* ": "currency.trimmed"},
        "timestamp": {
            r"\d{8} .*": "ts.compact_date",
            r"\d\d-\d\d-\d\d .*": "ts.two_digit_year",
            r"\S+ 24:.*": "ts.hour_24",
            r"\S+ \d\d[.]\d\d(:\d\d)?": "ts.dot_time",
            r"\S+ \d\d:\d\d": "ts.no_seconds",
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "ts.no_such_day",
        },
    }
    return next(rule for form, rule in forms[column].items() if re.fullmatch(form, raw))


def test_the_slice_lists_31_defects() -> None:
    assert len(defects()) == 31


@pytest.mark.parametrize("defect", defects(), ids=called)
def test_hand_made_defect_ends_as_the_rules_say(load_id: int, defect: dict[str, str]) -> None:
    accepted, rejected, corrections = line(load_id, int(defect["file_line"]))
    action, rule = defect["suggested_action"], rule_of(defect)
    if action in ("correct", "correct_flag"):
        assert accepted is not None
        assert str(accepted["transaction_id"]) == defect["transaction_id"]
        held: dict[str, Any] = {
            "amount": accepted["amount"],
            "currency": accepted["currency"],
            "timestamp": accepted["local_time"],
        }
        meant = {
            "amount": Decimal,
            "currency": str,
            "timestamp": datetime.fromisoformat,
        }[defect["column"]]
        assert held[defect["column"]] == meant(defect["suggested_value"])
        assert accepted["currency"] == "SEK"
        assert accepted["amount_sek"] == accepted["amount"]
        assert [each for each in corrections if each["field"] == defect["column"]] == [
            {
                "field": defect["column"],
                "raw_value": defect["raw_value"],
                "clean_value": defect["suggested_value"],
                "rule_id": rule,
            }
        ]
        assert (rule in accepted["flags"]) == (action == "correct_flag")
    else:
        # `correct_flag_or_reject` is 24:30:00: only exactly 24:00:00 is the next midnight.
        assert action in ("reject", "quarantine", "correct_flag_or_reject")
        assert rejected is not None
        assert rejected["outcome"] == "rejected"
        assert rule in rejected["rule_ids"]
        assert set(rejected["rule_ids"]) <= {rule, "ts.future"}
        assert rejected["transaction_id"] == defect["transaction_id"]
        assert rejected["raw"][defect["column"]] == defect["raw_value"]
        assert corrections == []


def test_the_cases_that_were_named_end_as_named(load_id: int) -> None:
    """Not derived from anything: three lines that a person looked up."""
    accepted, _, _ = line(load_id, 50)  # 33533 81
    assert accepted is not None
    assert (accepted["amount"], accepted["currency"]) == (Decimal("33533.81"), "SEK")
    assert "amount.space_as_point" in accepted["flags"]
    for line_no, rule in {
        1613: "amount.implausible",  # 2217915
        878: "ts.no_such_day",  # 2025-02-30
        823: "ts.hour_24",  # 24:30:00
    }.items():
        _, rejected, _ = line(load_id, line_no)
        assert rejected is not None
        assert rejected["rule_ids"] == [rule]


def test_the_reconciliation_closes(load_id: int) -> None:
    found = row("select * from marts.rpt_load_reconciliation where _load_id = %s", (load_id,))
    assert (found["gate"], found["gate_reason"]) == ("published", None)
    assert found["difference_count"] == 0
    assert found["line_count"] == 10_000
    assert found["line_count"] == (
        found["accepted_count"]
        + found["rejected_count"]
        + found["duplicate_count"]
        + found["malformed_count"]
    )
    counted = row(
        "select (select count(*) from marts.fct_transactions where _load_id = %(load)s) as facts, "
        "(select count(*) from marts.fct_rejections where _load_id = %(load)s) as rejections",
        {"load": load_id},
    )
    assert counted["facts"] == found["accepted_count"]
    assert counted["rejections"] == found["rejected_count"] + found["duplicate_count"]


def accepted_amounts() -> Iterator[Decimal]:
    """The amounts of the file's lines that must be accepted, as a plain reader finds them."""
    known = {holder["BankAccount"] for holder in read("customers.csv")}
    by_hand = {int(defect["file_line"]): defect for defect in defects()}
    seen: set[str] = set()
    for line_no, record in enumerate(read("transactions.csv"), start=2):
        defect = by_hand.get(line_no)
        if defect and not defect["suggested_action"].startswith("correct"):
            continue
        if defect and defect["suggested_action"] == "correct_flag_or_reject":
            continue
        if defect:
            record[defect["column"]] = defect["suggested_value"]
        assert record["transaction_id"] not in seen, "the slice has no repeated id"
        seen.add(record["transaction_id"])
        assert {record["sender_account"], record["receiver_account"]} <= known
        assert record["currency"] == "SEK"
        booked = datetime.strptime(record["timestamp"], "%Y-%m-%d %H:%M:%S")
        if booked.date() > BUSINESS_DATE + timedelta(days=1):
            continue
        amount = Decimal(record["amount"])
        assert 0 < amount <= CEILING
        yield amount


def test_the_accepted_sum_is_the_sum_of_the_file(load_id: int) -> None:
    amounts = list(accepted_amounts())
    total = row("select * from marts.rpt_load_currency_totals where _load_id = %s", (load_id,))
    assert total["currency"] == "SEK"
    assert total["accepted_count"] == len(amounts)
    assert total["accepted_amount"] == sum(amounts)
    assert total["accepted_amount_sek"] == sum(amounts)
    assert row("select sum(amount_sek) as fact from marts.fct_transactions") == {
        "fact": sum(amounts)
    }
