"""A generated year of cashflow, loaded and built, and held against the answers."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from loaders.generators.cashflow import Size, generate_cashflow
from tests.e2e.cashflow_books import Books
from tests.e2e.dbt_in_process import Builder
from tests.support import loaded, rows

SIZE = Size(companies=20, sepa=300, swift=1_500)
DAY = date(2025, 12, 31)
# All that the marts of cashflow stand on, and nothing of the bank's own payments.
SELECTION = (
    *("--select", "+path:models/marts/cashflow", "+int_cashflow_loads__resolved"),
    "rules",  # the report names them
)

OUTCOMES = {"rejected": "quarantined"}


@dataclass(frozen=True)
class Delivery:
    """A load of payments that holds the lines of a generated file from a place on."""

    load_id: int
    rail: str
    # A line of the load is this much further down in the generated file.
    offset: int = 0


def generate(seed: int, folder: Path) -> dict[str, Any]:
    """Generates a small year into ``folder`` and returns its key."""
    generate_cashflow(SIZE, seed, folder)
    key: dict[str, Any] = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    return key


def load_lists(folder: Path) -> None:
    loaded("cashflow_companies", folder / "companies.csv", DAY)
    loaded("cashflow_rates", folder / "rates.csv", DAY)


def load_payments(folder: Path) -> list[Delivery]:
    return [
        Delivery(loaded(f"cashflow_{rail}", folder / f"{rail}.csv", DAY), rail)
        for rail in ("sepa", "swift")
    ]


def build(builder: Builder, *more: str) -> None:
    """Builds all that the marts of cashflow stand on, and runs its tests."""
    # Cautious: tests of seeds that look at others, which are not built here, stay out.
    options = (*SELECTION, "--indirect-selection", "cautious", *more)
    assert builder(*options, leave_out=("unit_test",)) == set()


def run(builder: Builder, *more: str) -> None:
    """Builds again, without seeds and tests."""
    builder(*SELECTION, *more)


def lines_of_the_key(key: dict[str, Any]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Returns outcome, rules and flags of every line that is not clean, by rail and line."""
    return {
        (rail, line["line_no"]): (line["outcome"], line["rule_ids"], line["flags"])
        for rail, lines in key["lines"].items()
        for line in lines
    }


def settled_lines(deliveries: Sequence[Delivery]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Returns the same of what was built."""
    of_load = {each.load_id: each for each in deliveries}
    found = {}
    for line in rows("select * from intermediate.int_cash_transactions__settled"):
        delivery = of_load[line["_load_id"]]
        found[delivery.rail, line["_line_no"] + delivery.offset] = (
            OUTCOMES.get(line["outcome"], line["outcome"]),
            sorted(line["rule_ids"]),
            sorted(line["flags"]),
        )
    return found


def balances_of_the_key(key: dict[str, Any], mode: str) -> dict[tuple[int, date], tuple[Any, ...]]:
    return {
        (int(company), date.fromisoformat(day)): (Decimal(sums["eur"]), Decimal(sums["usd"]))
        for day, companies in key["balances"][mode].items()
        for company, sums in companies.items()
    }


def built_balances(key: dict[str, Any], mode: str) -> dict[tuple[int, date], tuple[Any, ...]]:
    """Returns the closing balances of the quarters' ends, EUR and USD."""
    return {
        (each["company_id"], each["balance_date"]): (
            each["closing_amount_eur"],
            each["closing_amount_usd"],
        )
        for each in rows(
            "select * from marts.fct_company_balance_daily "
            "where balance_date = any (%s) and cash_mode = %s",
            ([date.fromisoformat(day) for day in key["balances"][mode]], mode),
        )
    }


def built_days() -> dict[tuple[int, date], tuple[Any, ...]]:
    """Returns what Books.daily() returns, as it was built."""
    columns = [
        f"{what}_amount_{unit}"
        for unit in ("eur", "usd")
        for what in ("opening", "credit", "debit", "closing")
    ]
    return {
        (each["company_id"], each["balance_date"]): tuple(each[name] for name in columns)
        for each in rows("select * from marts.fct_company_balance_daily")
    }


def assert_windows_equal(books: Books, count: int, seed: int) -> None:
    """Asks for random windows as a reader does, and compares each answer with the books."""
    draw = random.Random(seed)
    for _ in range(count):
        company = draw.choice(sorted(books.companies))
        first = date(2025, 1, 1) + timedelta(days=draw.randrange(365))
        end = first + timedelta(days=draw.choice((1, 7, 30, 91, 365)))
        expected = books.window(company, first, end)
        (found,) = rows(
            "select * from marts.company_position(%s, %s, %s)",
            (company, first, end),
            role="sluss_reader",
        )
        what = f"company {company}, {first} to {end}"
        assert found["balance_amount_eur"] == expected.balance, what
        assert found["over_committed_amount_eur"] == max(Decimal(0), -expected.balance), what
        assert found["under_committed_amount_eur"] == max(Decimal(0), expected.balance), what
        assert found["credit_amount_eur"] == expected.credit, what
        assert found["debit_amount_eur"] == expected.debit, what
        assert {
            each["country"]: tuple(
                Decimal(str(each[name]))
                for name in ("credit_count", "credit_amount_eur", "debit_count", "debit_amount_eur")
            )
            for each in found["counterparty_countries"]
        } == expected.countries, what
        assert {
            each["rule_id"]: each["line_count"] for each in found["excluded_lines"]
        } == expected.excluded, what
