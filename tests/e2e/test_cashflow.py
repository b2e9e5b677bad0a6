"""Cashflow: the built marts against the generator's key, and against books kept in Python.

A seed of its own each time: all four files at once here, in parts in test_cashflow_restated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e import cashflow_desk as desk
from tests.e2e.cashflow_books import Books, keep_books
from tests.e2e.dbt_in_process import Builder
from tests.support import rows


@dataclass(frozen=True)
class Year:
    """A generated year, loaded and built."""

    folder: Path
    key: dict[str, Any]
    books: Books
    deliveries: list[desk.Delivery]
    builder: Builder


@pytest.fixture(scope="module", params=[1, pytest.param(3, marks=pytest.mark.soak)])
def year(
    request: pytest.FixtureRequest,
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Year]:
    folder = tmp_path_factory.mktemp("cashflow")
    key = desk.generate(request.param, folder)
    with make_database() as database:
        builder = Builder(database, folder)
        desk.load_lists(folder)
        deliveries = desk.load_payments(folder)
        # Once all of it, for what is told of loads of any feed.
        if request.param == 1:
            assert builder(leave_out=("unit_test",)) == set()
        else:
            desk.build(builder)
        rails = [(rail, folder / f"{rail}.csv") for rail in ("sepa", "swift")]
        yield Year(folder, key, keep_books(folder, rails), deliveries, builder)


def test_every_line_is_judged_as_the_key_says(year: Year) -> None:
    assert desk.settled_lines(year.deliveries) == desk.lines_of_the_key(year.key)


def test_balances_of_the_quarters_ends_equal_the_key(year: Year) -> None:
    assert desk.built_balances(year.key, "strict") == desk.balances_of_the_key(year.key, "strict")


def test_every_day_of_every_company_equals_books_kept_in_python(year: Year) -> None:
    assert desk.built_days() == year.books.daily()


def test_a_position_in_any_window_equals_books_kept_in_python(year: Year) -> None:
    desk.assert_windows_equal(year.books, count=60, seed=5)


def test_the_usual_windows_add_up(year: Year) -> None:
    """Days make months, months make quarters and years; each begins where the last one ended."""
    found = rows("select * from marts.rpt_company_position where company_id = 4")
    by_kind = {
        kind: sorted((each for each in found if each["window_kind"] == kind), key=_first_day)
        for kind in ("day", "iso_week", "month", "quarter", "year")
    }
    assert {kind: len(each) for kind, each in by_kind.items()} == {
        "day": 365,
        "iso_week": 53,
        "month": 12,
        "quarter": 4,
        "year": 1,
    }
    for windows in by_kind.values():
        assert sum(each["credit_amount_eur"] for each in windows) == sum(
            each["credit_amount_eur"] for each in by_kind["day"]
        )
        assert windows[-1]["balance_amount_usd"] == by_kind["year"][0]["balance_amount_usd"]
        for one, following in pairwise(windows):
            assert one["to_date"] == following["from_date"]
            assert one["balance_amount_eur"] == following["opening_amount_eur"]


def test_transfers_between_known_accounts_add_up_to_nothing(year: Year) -> None:
    (found,) = rows(
        """
        select
            sum(movement_amount_eur) as eur, sum(movement_amount_usd) as usd,
            count(*) filter (where company_id = counterparty_company_id) as within_a_company
        from marts.fct_cash_movements
        where counterparty_company_id is not null
        """
    )
    assert found["within_a_company"] > 0
    assert (found["eur"], found["usd"]) == (0, 0)


def test_what_counts_nowhere_is_in_the_quarantine_with_its_line(year: Year) -> None:
    expected = {
        (rail, line): rules
        for (rail, line), (outcome, rules, _) in desk.lines_of_the_key(year.key).items()
        if outcome != "accepted"
    }
    found = rows("select * from marts.fct_cash_quarantine")
    rails = {each.load_id: each.rail for each in year.deliveries}
    assert {
        (rails[each["_load_id"]], each["_line_no"]): sorted(each["rule_ids"]) for each in found
    } == expected
    assert all(each["raw"]["id"] == each["payment_id"] for each in found)


def test_the_reference_is_compared_with_and_moves_nothing(year: Year) -> None:
    found = rows(
        "select * from marts.rpt_company_reference_balance where compared_at = 'quarter_end'"
    )
    expected = desk.balances_of_the_key(year.key, "strict")
    assert {
        (each["company_id"], each["compared_date"]): each["closing_amount_eur"] for each in found
    } == {key: eur for key, (eur, _) in expected.items()}
    for each in found:
        assert each["difference_amount_eur"] == (
            each["closing_amount_eur"] - each["reference_balance_amount_eur"]
        )


def test_a_projection_says_that_it_is_one_and_how_wrong_it_was(year: Year) -> None:
    found = rows("select * from marts.rpt_company_projection")
    assert len(found) == 30 * len(year.books.companies)
    assert {each["kind"] for each in found} == {"projection"}
    assert min(each["projected_date"] for each in found) > max(year.books.days)
    # A year reaches back for six projections with a quarter of history each.
    assert {each["backtest_count"] for each in found} == {6}
    one = next(each for each in found if each["company_id"] == 4 and each["days_ahead"] == 30)
    assert one["backtest_error_amount_eur"] == _backtest(year.books, 4, days_ahead=30)


@pytest.mark.parametrize("year", [1], indirect=True)
def test_every_load_is_accounted_for_like_those_of_any_feed(year: Year) -> None:
    found = {
        each["feed"]: each
        for each in rows("select * from marts.rpt_load_reconciliation where gate = 'published'")
    }
    for rail in ("sepa", "swift"):
        counts, told = year.key["counts"][rail], found[f"cashflow_{rail}"]
        assert told["line_count"] == counts["lines"]
        assert told["accepted_count"] == counts["accepted"]
        assert told["rejected_count"] == counts["quarantined"]
        assert told["duplicate_count"] == counts["duplicate"]
        assert told["difference_count"] == 0
        assert _rules(rail) == counts["rules"]
    assert found["cashflow_companies"]["accepted_count"] == len(year.books.companies)
    # SGP is no currency.
    assert found["cashflow_rates"]["rejected_count"] == 1


@pytest.mark.parametrize("year", [1], indirect=True)
@pytest.mark.parametrize("mode", ["include_batches", "one_valid_leg"])
def test_another_mode_gives_other_balances_and_says_its_name(year: Year, mode: str) -> None:
    desk.run(year.builder, "--vars", f"cashflow_mode: {mode}")
    expected = desk.balances_of_the_key(year.key, mode)
    assert expected != desk.balances_of_the_key(year.key, "strict")
    assert desk.built_balances(year.key, mode) == expected
    (found,) = rows("select * from marts.company_position(1, date '2025-01-01', date '2026-01-01')")
    assert found["cash_mode"] == mode


def _first_day(window: dict[str, Any]) -> Any:
    return window["from_date"]


def _rules(rail: str) -> dict[str, int]:
    met: Counter[str] = Counter()
    for each in rows(
        "select rule_id, summary.line_count from marts.rpt_rule_summary as summary "
        "inner join ops.loads on summary._load_id = loads.load_id where feed = %s",
        (f"cashflow_{rail}",),
    ):
        met[each["rule_id"]] += each["line_count"]
    return dict(met)


def _backtest(books: Books, company: int, days_ahead: int) -> Decimal:
    """The mean miss of six projections, each from the weekdays of the 91 days before it."""
    days = list(books.days)
    net = dict.fromkeys(days, Decimal(0))
    for leg in books.legs:
        if leg.company == company:
            net[leg.day] += leg.eur
    misses = []
    for origin in range(1, 7):
        last = len(days) - 1 - origin * 30
        history = days[last - 90 : last + 1]
        ahead = days[last + 1 : last + 1 + days_ahead]
        projected = sum(
            (
                sum((net[day] for day in history if day.weekday() == one.weekday()), Decimal(0))
                / 13
                for one in ahead
            ),
            Decimal(0),
        )
        misses.append(abs(projected - sum((net[day] for day in ahead), Decimal(0))))
    return (sum(misses, Decimal(0)) / len(misses)).quantize(Decimal("0.01"))
