"""A seed is written when its file changed, or its table is not what a build left; else never."""

from __future__ import annotations

import csv
from contextlib import closing

import pytest

from loaders.database import connect
from tests.conftest import REPOSITORY, Database
from tests.e2e.dbt_in_process import Builder
from tests.support import row, rows

SEED = "reference.currency_aliases"


@pytest.fixture(scope="module")
def seed(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    builder = Builder(module_database, tmp_path_factory.mktemp("dbt"))
    load(builder)
    return builder


def load(builder: Builder, *options: str) -> None:
    builder("--select", "currency_aliases", *options, leave_out=("test",))


def written_by() -> int:
    """The transaction that wrote the rows; fails if there are none, or several wrote them."""
    found = row(f"select distinct xmin::text::bigint as id from {SEED}")  # noqa: S608
    return int(found["id"])


def test_a_seed_that_stands_is_left_as_it_is(seed: Builder) -> None:
    before = written_by()
    load(seed)
    assert written_by() == before


@pytest.mark.parametrize(
    "change",
    [
        # As if another file had been loaded by the last build.
        "update intermediate.loaded_seeds set fingerprint = 'of another file'",
        "delete from intermediate.loaded_seeds",
        f"drop table {SEED} cascade",
    ],
)
def test_a_seed_that_differs_is_written_whole(seed: Builder, change: str) -> None:
    before = written_by()
    with closing(connect("sluss tests")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(change)
    load(seed)
    assert written_by() > before
    found = [tuple(each.values()) for each in rows(f"select * from {SEED}")]  # noqa: S608
    with (REPOSITORY / "seeds" / "currency_aliases.csv").open(encoding="utf-8") as file:
        expected = [tuple(record) for record in csv.reader(file)][1:]
    assert sorted(found) == sorted(expected)
    again = written_by()
    load(seed)
    assert written_by() == again


def test_a_full_refresh_writes_it(seed: Builder) -> None:
    before = written_by()
    load(seed, "--full-refresh")
    assert written_by() > before
