"""Random lives of loads: whatever came when, detection holds what a full refresh makes of it.

Days come in any order, are withdrawn and come again, rates come at some time; builds lie between.
The days have planted attempts, lines of other days, and lines that wait for theirs.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest

from loaders import ledger
from loaders.generators.bank import generate_bank_days
from loaders.generators.bank.patterns import read_attempts
from sluss.idle import DETECTION, selection
from tests.conftest import Database
from tests.e2e.dbt_in_process import ALL_BUT_MODELS, MODELS_AND_SEEDS_ONLY, Builder
from tests.e2e.detection import assert_same, holdings
from tests.support import loaded

FIRST = date(2025, 5, 19)
DAYS = 5


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 9))
def test_detection_ends_where_a_full_refresh_does(
    seed: int,
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path: Path,
) -> None:
    draw = random.Random(seed)
    plant = read_attempts(["all=1", "burst=2"])
    made = generate_bank_days(1_000, seed, tmp_path, DAYS, plant, FIRST, accounts=400)
    files = {day.business_date: tmp_path / day.business_date.isoformat() for day in made}
    to_come = draw.sample(sorted(files), DAYS)
    rates_after = draw.randrange(DAYS)
    standing: dict[date, int] = {}
    gone: set[date] = set()

    with make_database() as database:
        build = Builder(database, tmp_path, bank_only=True, with_detection=True)
        loaded("bank_customers", files[FIRST] / "customers.csv", FIRST)
        # The first build writes the seeds, which never change after it.
        leave_out = MODELS_AND_SEEDS_ONLY
        for number, day in enumerate(to_come):
            standing[day] = loaded("bank_transactions", files[day] / "transactions.csv", day)
            if number == rates_after:
                loaded("fx_rates", None)
            if gone and draw.random() < 0.5:
                # Of a sorted list: a set of dates has another order in each process.
                gone.remove(again := draw.choice(sorted(gone)))
                path = files[again] / "transactions.csv"
                standing[again] = loaded("bank_transactions", path, again, again=True)
            if len(standing) > 1 and draw.random() < 0.4:
                gone.add(leaving := draw.choice(sorted(standing)))
                ledger.withdraw(standing.pop(leaving), "a test")
            if draw.random() < 0.7:
                build(leave_out=leave_out)
                leave_out = ALL_BUT_MODELS
        build(leave_out=leave_out)
        built = holdings()
        build("--full-refresh", "--select", *selection(DETECTION))
        anew = holdings()
    assert_same(built, anew)
    assert anew["int_aml_hits__united"]
