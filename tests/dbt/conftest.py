"""The committed sample day, loaded and built once for the tests here that only look at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import pytest

from tests.conftest import REPOSITORY, Database, RunDbt
from tests.support import loaded


@pytest.fixture(scope="package")
def sample_day(
    make_database: Callable[[], AbstractContextManager[Database]], run_dbt: RunDbt
) -> Iterator[Database]:
    """A database in which plain dbt has built the sample day."""
    folder = REPOSITORY / "data" / "sample_day"
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    day = date.fromisoformat(key["business_date"])
    with make_database() as database:
        loaded("bank_customers", folder / "customers.csv", day)
        loaded("bank_transactions", folder / "transactions.csv", day)
        loaded("fx_rates", None)
        run_dbt("build")
        yield database
