"""The company report: what it shows is what the marts say, and nothing of a file acts in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from html import unescape
from pathlib import Path

import pytest

from loaders.errors import UnusableInputError
from sluss.report.company import find_position, write_company_report
from sluss.report.tables import text
from tests.conftest import Database
from tests.e2e import cashflow_desk as desk
from tests.e2e.dbt_in_process import Builder

FIRST, END = date(2025, 4, 1), date(2025, 7, 1)
NAME = "<script>alert(1)</script> & Co"


@pytest.fixture(scope="module")
def page(
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cashflow")
    desk.generate(4, folder)
    companies = folder / "companies.csv"
    header, *lines = companies.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[0] = re.sub(r'^0,(".*?"|[^,]*),', f"0,{NAME},", lines[0])
    companies.write_text("".join([header, *lines]), encoding="utf-8")
    with make_database() as database:
        desk.load_lists(folder)
        desk.load_payments(folder)
        desk.build(Builder(database, folder))
        out = folder / "company.html"
        write_company_report(0, FIRST, END, "EUR", out)
        yield out.read_text(encoding="utf-8")


def test_it_shows_the_position_that_the_marts_have(page: str) -> None:
    position = find_position(0, FIRST, END, "EUR")
    assert position.credit_count + position.debit_count > 0
    for amount in (position.balance, position.opening, position.credit, position.debit):
        assert text(amount, 2) in unescape(page)
    assert "strict" in page


def test_every_part_is_there(page: str) -> None:
    headings = re.findall(r'<a href="#[^"]*">([^<]*)</a>', page)
    assert headings == [
        "Balance",
        "In and out",
        "Counterparty countries",
        "Left out as dirty",
        "Beside the reference",
        "Projection",
    ]
    assert page.count('<figure class="plot">') == 2


def test_a_name_stays_a_name(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in page
    assert "<script>alert" not in page


def test_what_has_no_answer_is_said(page: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="no company 999"):
        write_company_report(999, FIRST, END, "EUR", tmp_path / "x.html")
    with pytest.raises(UnusableInputError, match="it has no day"):
        write_company_report(0, END, FIRST, "EUR", tmp_path / "x.html")
    with pytest.raises(UnusableInputError, match="EUR or USD"):
        write_company_report(0, FIRST, END, "SEK", tmp_path / "x.html")
