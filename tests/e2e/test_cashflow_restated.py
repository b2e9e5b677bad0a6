"""Cashflow that comes in parts: held lists, a batch split over two days, a withdrawal.

The story is told once, step by step; the tests look at what each step left behind.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from loaders import ledger
from tests.conftest import Database
from tests.e2e import cashflow_desk as desk
from tests.e2e.cashflow_books import Books, keep_books, read
from tests.e2e.dbt_in_process import Builder
from tests.support import Row, loaded, rows


@dataclass
class Story:
    """What was seen after each step."""

    folder: Path
    key: dict[str, Any]
    books: Books
    first: list[desk.Delivery] = field(default_factory=list)
    second: list[desk.Delivery] = field(default_factory=list)
    held: dict[str, Row] = field(default_factory=dict)
    marts_while_held: int = -1
    settled_at_first: dict[tuple[str, int], Any] = field(default_factory=dict)
    days_at_first: dict[Any, Any] = field(default_factory=dict)
    settled: dict[tuple[str, int], Any] = field(default_factory=dict)
    days: dict[Any, Any] = field(default_factory=dict)
    marts: dict[str, str] = field(default_factory=dict)
    marts_refreshed: dict[str, str] = field(default_factory=dict)
    days_after_withdrawal: dict[Any, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("cashflow")
    key = desk.generate(2, folder)
    parts = [part for rail in ("sepa", "swift") for part in _halves(folder, rail)]
    rails = [(rail, folder / f"{rail}.csv") for rail in ("sepa", "swift")]
    told = Story(folder, key, keep_books(folder, rails))
    with make_database() as database:
        builder = Builder(database, folder)
        # Lists that nobody can use: an account of two companies, rates the wrong way round.
        loaded("cashflow_companies", _claimed_twice(folder), desk.DAY)
        loaded("cashflow_rates", _turned_round(folder), desk.DAY)
        told.first = [_load(part) for part in parts if part.offset == 0]
        desk.build(builder)
        told.held = {
            each["feed"]: each
            for each in rows(
                "select loads.feed, resolved.* "
                "from intermediate.int_cashflow_loads__resolved as resolved "
                "inner join ops.loads using (load_id)"
            )
        }
        (count,) = rows("select count(*) as lines from marts.fct_cash_movements")
        told.marts_while_held = count["lines"]

        desk.load_lists(folder)
        desk.run(builder)
        told.settled_at_first = desk.settled_lines(told.first)
        told.days_at_first = desk.built_days()

        told.second = [_load(part) for part in parts if part.offset > 0]
        desk.build(builder)
        told.settled = desk.settled_lines([*told.first, *told.second])
        told.days = desk.built_days()
        told.marts = _marts()
        desk.run(builder, "--full-refresh")
        told.marts_refreshed = _marts()

        for delivery in told.second:
            ledger.withdraw(delivery.load_id, "sent by mistake")
        desk.run(builder)
        told.days_after_withdrawal = desk.built_days()
        yield told


def test_rates_the_wrong_way_round_stop_the_publication_and_say_so(story: Story) -> None:
    rates = story.held["cashflow_rates"]
    assert rates["gate"] == "held"
    assert rates["gate_reason"].startswith("the exchange rates are the wrong way round: one EUR ")
    assert "comes out as 1.1750 EUR and one USD as 1.1750 USD" in rates["gate_reason"]
    assert "set cashflow_usd_rate_is and cashflow_eur_rate_is" in rates["gate_reason"]
    assert story.held["cashflow_swift"]["gate"] == "held"
    assert story.marts_while_held == 0


def test_an_account_of_two_companies_is_an_error_with_both_names(story: Story) -> None:
    companies = story.held["cashflow_companies"]
    first, second = read(story.folder / "twice" / "companies.csv")[:2]
    assert companies["gate"] == "held"
    assert "is claimed by two companies" in companies["gate_reason"]
    assert f"{first['name']} (0) and {second['name']} (1)" in companies["gate_reason"]
    assert story.held["cashflow_sepa"]["gate_reason"].startswith(
        "no list of companies is published: load "
    )


def test_a_batch_split_over_two_days_is_quarantined_whole_on_the_second(story: Story) -> None:
    lines = desk.lines_of_the_key(story.key)
    split = {
        place
        for place, (_, rules, _) in lines.items()
        if rules == ["cash.batch_payment"]
        and _is_of_first(story, place)
        and place not in story.settled_at_first
    }
    # Clean on the first day, and counted; quarantined on the second.
    assert split
    assert {story.settled[place][0] for place in split} == {"quarantined"}
    payments = _payments(story.folder, split)
    moved = {
        (leg.company, leg.day)
        for leg in keep_books(
            story.folder,
            [(part.rail, part.path) for part in _parts(story.folder) if part.offset == 0],
        ).legs
        if leg.payment in payments
    }
    restated = [place for place in moved if story.days_at_first[place] != story.days[place]]
    assert restated


def test_in_parts_comes_out_what_came_out_at_once(story: Story) -> None:
    assert story.settled == desk.lines_of_the_key(story.key)
    assert story.days == story.books.daily()


def test_a_full_refresh_gives_the_same_row_for_row(story: Story) -> None:
    assert story.marts == story.marts_refreshed
    assert len(set(story.marts.values())) == len(story.marts)


def test_without_the_second_delivery_balances_are_what_they_were(story: Story) -> None:
    assert story.days_after_withdrawal == story.days_at_first
    assert story.days_at_first != story.days


# --- parts of files -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    rail: str
    path: Path
    offset: int


def _parts(folder: Path) -> list[Part]:
    return [part for rail in ("sepa", "swift") for part in _halves(folder, rail)]


def _halves(folder: Path, rail: str) -> list[Part]:
    """Cuts a file in two where a batch payment lies on both sides; returns first and second."""
    header, *lines = (folder / f"{rail}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    cut = _cut(lines)
    first, second = folder / f"{rail}_first.csv", folder / f"{rail}_second.csv"
    first.write_text("".join([header, *lines[:cut]]), encoding="utf-8")
    second.write_text("".join([header, *lines[cut:]]), encoding="utf-8")
    return [Part(rail, first, 0), Part(rail, second, cut)]


def _cut(lines: list[str]) -> int:
    seen: dict[tuple[str, ...], tuple[int, str]] = {}
    for number, line in enumerate(lines):
        payment_id, sender, beneficiary, amount, _, time = line.strip().split(",")
        before = seen.setdefault((payment_id, sender, beneficiary, time), (number, amount))
        if before[1] != amount and number - before[0] > 1:
            return number
    raise AssertionError("no batch payment is split")


def _load(part: Part) -> desk.Delivery:
    return desk.Delivery(
        loaded(f"cashflow_{part.rail}", part.path, desk.DAY), part.rail, part.offset
    )


def _is_of_first(story: Story, place: tuple[str, int]) -> bool:
    cuts = {each.rail: each.offset for each in story.second}
    return place[1] - 2 < cuts[place[0]]


def _payments(folder: Path, places: set[tuple[str, int]]) -> set[tuple[str, str]]:
    lines = {rail: read(folder / f"{rail}.csv") for rail in ("sepa", "swift")}
    return {(rail, lines[rail][line - 2]["id"]) for rail, line in places}


def _claimed_twice(folder: Path) -> Path:
    """Writes a list in which the second company has an account of the first one, too."""
    companies = read(folder / "companies.csv")
    account = companies[0]["ibans"].strip("{}").split(",")[0]
    companies[1]["ibans"] = "{" + account + "," + companies[1]["ibans"].strip("{}") + "}"
    path = folder / "twice" / "companies.csv"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, companies[0].keys())
        writer.writeheader()
        writer.writerows(companies)
    return path


def _turned_round(folder: Path) -> Path:
    """Writes the rates with their columns in each other's place."""
    path = folder / "turned" / "rates.csv"
    path.parent.mkdir()
    lines = ["currency,usd_rate,eur_rate"]
    lines += [
        f"{each['currency']},{each['eur_rate']},{each['usd_rate']}"
        for each in read(folder / "rates.csv")
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _marts() -> dict[str, str]:
    """Returns a fingerprint of each table of the marts."""
    found = {}
    for table in (
        "dim_company",
        "fct_cash_movements",
        "fct_cash_quarantine",
        "fct_company_movements_daily",
    ):
        (each,) = rows(
            f"select md5(string_agg(t::text, ',' order by t::text)) as it from marts.{table} as t"  # noqa: S608
        )
        found[table] = each["it"]
    return found
