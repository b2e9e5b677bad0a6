"""Values on their way into a report: masked by their field, and always text."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sluss.report.head import report_meta
from sluss.report.masking import masked_account, shown
from sluss.report.tables import (
    Column,
    named,
    percent,
    raw,
    sentence,
    stacked,
    swatch,
    table,
    text,
    verdict,
)

BAD = "<b onclick='x()'>&\"</b>"


def test_text_is_escaped_in_every_fragment() -> None:
    column = Column("a", BAD)
    for fragment in (
        raw(BAD),
        sentence(BAD),
        named(BAD, BAD),
        swatch("main", BAD),
        verdict(True, BAD),
        stacked([(BAD, 1, "main")], BAD),
        table([{"a": BAD}], [column], total={"a": BAD}),
    ):
        assert "<b" not in fragment.markup
        assert "onclick='" not in fragment.markup.replace("&#x27;", "")
        assert "&lt;b" in fragment.markup


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("amount", " 28931.33", " 28931.33"),
        ("amount", "1 234 567,89", "1 234 567,89"),
        ("amount", "1e5", "1e5"),
        ("amount", "NaN", "NaN"),
        ("amount", "-5.00", "-5.00"),
        ("amount", None, "(empty)"),
        ("amount", "", "(empty)"),
        ("amount", "Anna Berg", "(text, 9 characters)"),
        ("amount", "850101-1234", "(text, 11 characters)"),
        ("amount", "198501011234", "(text, 12 characters)"),
        ("amount", "0701 23 45 67", "(text, 13 characters)"),
        ("amount", "SE8902ABCD12345678901234", "(text, 24 characters)"),
        ("timestamp", "20250125 04:48:00", "20250125 04:48:00"),
        ("timestamp", "25-04-09 12:12:00", "25-04-09 12:12:00"),
        ("timestamp", "2025-01-30T23:30:00+01:00", "2025-01-30T23:30:00+01:00"),
        ("timestamp", "2025-02-30", "2025-02-30"),
        ("timestamp", "soon", "(text, 4 characters)"),
        ("timestamp", "850101-1234", "(text, 11 characters)"),
        ("timestamp", "19850101-1234", "(text, 13 characters)"),
        ("currency", "kr", "kr"),
        ("currency", "XQZ", "XQZ"),
        ("currency", "Anna", "(text, 4 characters)"),
        ("transaction_type", "OUTGOING", "OUTGOING"),
        ("transaction_type", "Anna", "(text, 4 characters)"),
        ("sender_country", "SE", "SE"),
        ("sender_country", "Atlantis", "(text, 8 characters)"),
        ("notes", "anything", "(text, 8 characters)"),
        (
            "transaction_id",
            "{B832AA2C-77F3-4C4F-9697-9776B8D74ABB} ",
            "{B832AA2C…} ",
        ),
        ("transaction_id", "TX-1", "(text, 4 characters)"),
        ("sender_account", "SE8902ABCD12345678901234", "SE89••••••••••••••••1234"),
        ("sender_account", "se8902 abcd 1234 5678 9012 34", "se89•• •••• •••• •••• ••12 34"),
        ("sender_account", "1234-5678", "••••-••••"),
        ("sender_account", "Anna Katarina Berg-Lindqvist", "•••• •••••••• ••••-•••••••••"),
    ],
)
def test_a_value_is_shown_only_in_the_shape_of_its_field(
    field: str, value: str | None, expected: str
) -> None:
    assert shown(field, value) == expected


def test_a_value_that_a_list_of_aliases_knows_is_shown() -> None:
    assert shown("sender_country", "Sverige", "country.alias") == "Sverige"
    assert shown("currency", "svenska kronor", "currency.alias") == "svenska kronor"


def test_a_long_text_in_an_account_is_cut() -> None:
    assert len(masked_account("1" * 5000)) == 60


def test_blanks_that_are_not_plain_ones_have_a_sign_of_their_own() -> None:
    signs = [raw(f"1{blank}2").markup for blank in (" ", "\u00a0", "\u202f", "\t")]
    assert ["␣" in signs[0], "⍽" in signs[1], "⍽" in signs[2], "⇥" in signs[3]] == [True] * 4


def test_numbers_are_written_as_people_read_them() -> None:
    assert text(1234567) == "1,234,567"
    assert text(-1) == "−1"
    assert text(Decimal("-1234.5"), 2) == "−1,234.50"
    assert text(None) == "–"
    assert [percent(*each) for each in ((1, 3), (1, 10_000), (1, 10**9), (0, 5), (5, 5))] == [
        "33.3 %",
        "0.01 %",
        "< 0.01 %",
        "0.0 %",
        "100.0 %",
    ]
    assert percent(99_999, 100_000) == "> 99.9 %"
    assert percent(1, 0) == "–"


def test_a_file_that_is_no_report_has_no_tags(tmp_path: Path) -> None:
    assert report_meta(tmp_path) == {}
    odd = tmp_path / "odd.html"
    odd.write_bytes(b"\xff\xfe<meta name='sluss-load'><meta name=viewport content=x>")
    assert report_meta(odd) == {"load": ""}
