"""``sluss demo cashflow`` as a person runs it, twice, and among a desk's own payments."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from pathlib import Path

import pytest

from loaders.generators.cashflow import Size, generate_cashflow
from tests.conftest import Database, RunSluss
from tests.support import loaded

pytestmark = pytest.mark.soak


def test_the_demo_shows_a_year_that_equals_its_key(database: Database, run_sluss: RunSluss) -> None:
    started = time.monotonic()
    first = run_sluss("demo", "cashflow").stdout
    seconds = time.monotonic() - started
    key = json.loads((database.home.path / "demo" / "cashflow" / "key.json").read_text())
    balances = sum(map(len, key["balances"]["strict"].values()))
    assert balances == 400
    assert f"All {balances} balances of the quarters' ends are those of the answer key." in first
    rules = key["counts"]["sepa"]["rules"]["cash.batch_payment"]
    rules += key["counts"]["swift"]["rules"]["cash.batch_payment"]
    assert re.search(rf"^ *{rules} +quarantined", first, re.MULTILINE)
    assert "company-report" in first
    # On a machine that has nothing else to do it is a third of it.
    assert seconds < 180
    second = run_sluss("demo", "cashflow").stdout
    assert "The service had nothing new: nothing was loaded." in second
    heading = "Who owes most"
    assert second[second.index(heading) :] == first[first.index(heading) :]


def test_the_demo_does_not_come_among_other_payments(
    database: Database, run_sluss: RunSluss, tmp_path: Path
) -> None:
    generate_cashflow(Size(companies=5, sepa=100, swift=100), 99, tmp_path / "other")
    loaded("cashflow_companies", tmp_path / "other" / "companies.csv", date(2025, 12, 31))
    done = run_sluss("demo", "cashflow", check=2)
    assert "holds cashflow of its own already (load 1)" in done.stderr
