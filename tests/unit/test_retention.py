"""Retention periods: the last day that is older than they say, and what is no period."""

from __future__ import annotations

from datetime import date

import pytest

from loaders.contract import load_contract
from loaders.errors import UnusableInputError
from loaders.retention import Period
from sluss.purge import rules


@pytest.mark.parametrize(
    ("period", "today", "through"),
    [
        ("1d", date(2026, 11, 27), date(2026, 11, 25)),
        ("90d", date(2026, 3, 1), date(2025, 11, 30)),
        ("1m", date(2026, 3, 31), date(2026, 2, 27)),
        ("24m", date(2026, 11, 27), date(2024, 11, 26)),
        ("2y", date(2026, 11, 27), date(2024, 11, 26)),
        ("2y", date(2026, 1, 1), date(2023, 12, 31)),
        # There was no 29 February: the 28th is two years ago, too, and is kept.
        ("2y", date(2028, 2, 29), date(2026, 2, 27)),
    ],
)
def test_what_is_older_ends_with_this_day(period: str, today: date, through: date) -> None:
    assert Period(period).through(today) == through


@pytest.mark.parametrize("text", ["", "2", "y", "0d", "-1y", "2 y", "2Y", "2w", "1.5y", "2y\n"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a period is a number and d, m or y"):
        Period(text)


def test_a_period_without_end_reaches_no_day() -> None:
    with pytest.raises(UnusableInputError, match="before the year 1"):
        Period("9999y").through(date(2026, 1, 1))


def test_without_names_it_is_every_feed_whose_contract_has_a_retention() -> None:
    today = date(2026, 11, 27)
    found = {rule.feed: str(rule) for rule in rules(today=today)}
    assert found["bank_transactions"] == "older than 2y as of 2026-11-27"
    assert "bank_customers" in found
    assert load_contract("fx_rates").retention is None
    assert "fx_rates" not in found


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="needs a --feed"):
        rules(older_than="2y")
    with pytest.raises(UnusableInputError, match="names no retention"):
        rules(["fx_rates"])
    with pytest.raises(UnusableInputError, match="a period is a number"):
        rules(["fx_rates"], "soon")
