"""A purge takes a period of cashflow out of every table and answer, and changes no later balance.

Two months of a year come from a service that repeats and cuts, an answer at a time; an older list
of companies came as a file.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from loaders.simulators.cdm import Faults
from sluss.purge import plan, purge, rules
from tests.cdm import FEEDS, write_stretch
from tests.conftest import Database
from tests.e2e.dbt_in_process import Builder
from tests.e2e.test_purge import every_table
from tests.loader.polls import asked, polled, service
from tests.support import Row, loaded, rows

pytestmark = pytest.mark.soak

UNTIL = "2025-02-28"
OLD_LIST = date(2025, 1, 3)
THROUGH = date(2025, 1, 31)
CASHFLOW = ("cashflow_companies", "cashflow_rates", "cashflow_sepa", "cashflow_swift")
OLD_OWNER, OLD_ADDRESS = "Vidar Bortgangen", "Bortvägen 1, 11122 Stockholm"
# Of a line, not of a load.
BY_LOAD = ("fct_cash_movements", "fct_cash_quarantine", "fct_company_movements_daily")


@dataclass
class Story:
    """What the database held at each point, and what must be gone at the end."""

    purged: list[int] = field(default_factory=list)
    needles: set[str] = field(default_factory=set)
    tables: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    marts: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    days: dict[str, dict[tuple[int, date], Any]] = field(default_factory=dict)
    groups: dict[str, list[Row]] = field(default_factory=dict)
    removed: dict[str, Any] = field(default_factory=dict)

    def look(self, when: str) -> None:
        self.tables[when] = every_table()
        self.marts[when] = {name: rows(f"select * from marts.{name}") for name in BY_LOAD}  # noqa: S608
        self.days[when] = {
            (each["company_id"], each["balance_date"]): (
                each["opening_amount_eur"],
                each["closing_amount_eur"],
                each["closing_amount_usd"],
            )
            for each in rows("select * from marts.fct_company_balance_daily")
        }
        self.groups[when] = rows("select * from intermediate.int_cash_transactions__grouped")


@pytest.fixture(scope="module")
def story(
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("cashflow")
    # Of this seed, three payments share an id across the end of the purged period.
    write_stretch(folder, seed=3, until=UNTIL)
    told = Story(needles={OLD_OWNER, OLD_ADDRESS})
    with make_database() as database:
        build = Builder(database, folder)
        loaded("cashflow_companies", _old_list(folder), OLD_LIST)
        loaded("cashflow_rates", folder / "rates.csv", OLD_LIST)
        with asked(service(folder, 1, Faults(15))):
            assert polled(1).is_whole
        build(leave_out=("test", "unit_test", "snapshot"))
        told.look("before")
        wanted = rules(CASHFLOW, "1d", THROUGH + timedelta(days=2))
        planned = plan(wanted)
        told.purged = [load.load_id for one in planned for load in one.loads]
        told.needles |= _only_in(told.purged)
        done = purge(wanted)
        told.removed = {one.feed: one.removed for one in done}
        told.look("after")
        # The service was started anew, and gives everything again.
        with asked(service(folder, 1, Faults(30))):
            polled(1)
        build()
        told.look("asked again")
        build("--full-refresh")
        told.look("anew")
        yield told


def _old_list(folder: Path) -> Path:
    """Writes an earlier list, in which a company had another owner."""
    with (folder / "companies.csv").open(encoding="utf-8", newline="") as file:
        companies = list(csv.DictReader(file))
    companies[0] |= {"owner": OLD_OWNER, "address": OLD_ADDRESS}
    path = folder / "old" / "companies.csv"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, companies[0].keys())
        writer.writeheader()
        writer.writerows(companies)
    return path


def _only_in(purged: list[int]) -> set[str]:
    """Accounts of strangers that stand in purged payments and in no other."""
    found = rows(
        """
        select account
        from (
            select _load_id, unnest(array[sender, beneficiary]) as account
            from staging.raw_cashflow_sepa
            union all
            select _load_id, unnest(array[sender, beneficiary]) as account
            from staging.raw_cashflow_swift
        ) as lines
        where account not in (select account from intermediate.int_company_accounts__current)
        group by account
        having bool_and(_load_id = any (%s))
        """,
        (purged,),
    )
    return {each["account"] for each in found}


def test_the_story_is_one(story: Story) -> None:
    assert len(story.needles) > 5
    before = story.tables["before"]
    for needle in story.needles:
        assert any(needle in text for text in before["ops.http_answers"]) or needle in (
            OLD_OWNER,
            OLD_ADDRESS,
        )
    for table in ("intermediate.int_cash_transactions__judged", "marts.fct_cash_movements"):
        assert any(needle in "\n".join(before[table]) for needle in story.needles)
    assert any(OLD_OWNER in text for text in before["intermediate.int_companies__judged"])
    # Answers that were cut and came again, or came twice, hold purged lines as well.
    unloaded = rows("select * from ops.http_answers where outcome in ('superseded', 'repeated')")
    assert unloaded
    # Lines that remain share an id with purged ones.
    keys = {each["payment_key"] for each in story.groups["before"] if _goes(story, each)}
    assert [
        each
        for each in story.groups["before"]
        if not _goes(story, each)
        and each["payment_key"] in keys
        and (each["is_redelivery"] or each["is_batch"])
    ]


@pytest.mark.parametrize("when", ["after", "asked again", "anew"])
def test_nothing_of_the_period_is_in_any_table(story: Story, when: str) -> None:
    found = {}
    for table, texts in story.tables[when].items():
        haystack = "\n".join(texts)
        hits = [needle for needle in story.needles if needle in haystack]
        if hits:
            found[table] = hits[:3]
    assert found == {}


@pytest.mark.parametrize("when", ["after", "asked again", "anew"])
def test_what_remains_is_as_it_was(story: Story, when: str) -> None:
    for name in BY_LOAD:
        expected = [each for each in story.marts["before"][name] if not _goes(story, each)]
        assert len(expected) > 5 or name == "fct_cash_quarantine"
        assert _sorted(story.marts[when][name]) == _sorted(expected), name
    flags = ("_load_id", "_line_no", "is_redelivery", "is_batch", "is_collision")
    remaining = [each for each in story.groups["before"] if not _goes(story, each)]
    before = {tuple(each[name] for name in flags) for each in remaining}
    after = {tuple(each[name] for name in flags) for each in story.groups[when]}
    assert {each for each in before if any(each[2:])} == {each for each in after if any(each[2:])}


@pytest.mark.parametrize("when", ["after", "asked again", "anew"])
def test_every_later_balance_is_what_it_was(story: Story, when: str) -> None:
    last = max(
        each["movement_date"]
        for each in story.marts["before"]["fct_company_movements_daily"]
        if _goes(story, each)
    )
    later = {key: value for key, value in story.days["before"].items() if key[1] > last}
    assert len(later) > 200
    assert {key: story.days[when][key] for key in later} == later
    assert any(opening for opening, *_ in later.values())


def test_a_purge_says_what_it_removed(story: Story) -> None:
    for rail in FEEDS:
        assert story.removed[f"cashflow_{rail}"]["ops.http_answers"]["rows"] > 5
    # The list in use stays, and the first rates, by which reference balances are.
    assert story.removed["cashflow_rates"] == {}
    assert "staging.raw_cashflow_companies" in story.removed["cashflow_companies"]


def test_no_row_of_a_purged_load_is_left_and_no_body(story: Story) -> None:
    tables = rows(
        """
        select table_schema || '.' || table_name as title, column_name
        from information_schema.columns
        inner join information_schema.tables using (table_schema, table_name)
        where column_name in ('_load_id', 'load_id') and table_type = 'BASE TABLE'
            and table_schema || '.' || table_name not in ('ops.loads', 'ops.http_answers')
        """
    )
    assert len(tables) > 30
    for each in tables:
        found = rows(
            f"select from {each['title']} where {each['column_name']} = any (%s) limit 1",
            (story.purged,),
        )
        assert found == [], each["title"]
    answers = rows(
        "select load_id, outcome, body is null as is_forgotten, sequence, feed "
        "from ops.http_answers order by answer_id"
    )
    for each in answers:
        if each["load_id"] in story.purged:
            assert each["is_forgotten"], each
    # What remains can still be read.
    assert any(each["outcome"] == "loaded" and not each["is_forgotten"] for each in answers)


def _goes(story: Story, line: Row) -> bool:
    return line["_load_id"] in story.purged


def _sorted(found: list[Row]) -> list[str]:
    return sorted(repr(sorted(each.items())) for each in found)
