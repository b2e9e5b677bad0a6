"""What must never be in a report: live markup of a file, personal data, anything from elsewhere."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from tests.report.conftest import MARKUP, ODD_NAME, SAMPLE, STRAY, Reports
from tests.unit.generated_day import read_day

NAMES = ("sample", "held", "empty", "odd")


@pytest.mark.parametrize("name", NAMES)
def test_no_element_of_a_report_points_elsewhere(reports: Reports, name: str) -> None:
    page = reports[name]
    pointing = [
        value
        for _, attributes in page.elements
        for key, value in attributes.items()
        if key in ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
    ]
    assert pointing
    assert all(value.startswith("#") or value == "data:," for value in pointing), pointing
    assert "url(" not in page.styles
    assert "@import" not in page.styles
    assert "http" not in page.own.replace("http-equiv", "").lower()


@pytest.mark.parametrize("name", NAMES)
def test_plotly_is_in_a_report_once_and_only_known_scripts_may_run(
    reports: Reports, name: str
) -> None:
    page = reports[name]
    assert page.html.count("plotly.js v") == 1
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    running = [each for each in scripts if each.get("type") != "application/json"]
    assert running == [{}, {}]
    (policy,) = [
        attributes["content"]
        for _, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert len(re.findall(r"script-src 'sha256-[^']+' 'sha256-[^']+';", policy)) == 1


def test_markup_in_a_file_and_its_name_is_text_in_the_report(reports: Reports) -> None:
    page = reports["odd"]
    assert page.meta["file"] == ODD_NAME
    assert ODD_NAME in page.text
    assert not [tag for tag, _ in page.elements if tag in ("img", "iframe", "object", "svg", "b")]
    assert not [
        name for _, attributes in page.elements for name in attributes if name.startswith("on")
    ]
    assert "alert(" not in page.own.replace(ODD_NAME, "")
    # The lines with it were looked at: their rules are shown, with the length of what stood there.
    assert f"(text, {len(MARKUP)} characters)" in page.text


def test_what_is_about_persons_is_masked_wherever_it_stands(reports: Reports) -> None:
    page = reports["odd"]
    for field, value in STRAY.items():
        assert value not in page.own, field
    assert "Sandelin" not in page.own
    assert "Maja" not in page.own
    assert "19640823" not in page.own
    for value in (STRAY["amount"], STRAY["timestamp"], STRAY["currency"]):
        assert f"(text, {len(value)} characters)" in page.text, value


def persons(folder: Path) -> dict[str, set[str]]:
    """Everything about persons in a register, by what it is."""
    with open(folder / "customers.csv", encoding="utf-8", newline="") as file:
        customers = list(csv.DictReader(file))
    return {
        "names": {row["Customer"] for row in customers},
        "addresses": {row["Address"] for row in customers},
        "phones": {row["Phone"] for row in customers},
        "personnummer": {row["Personnummer"] for row in customers},
        "accounts": {row["BankAccount"] for row in customers},
    }


@pytest.mark.parametrize("name", ["sample", "held"])
def test_no_account_name_or_note_of_the_input_is_in_a_report(reports: Reports, name: str) -> None:
    page = reports[name]
    folder = SAMPLE if name == "sample" else reports.folder / "other"
    for what, values in persons(folder).items():
        assert len(values) > 20, what
        found = [value for value in values if value in page.own]
        assert not found, what
    day = read_day(folder)
    accounts = {record[column].strip() for record in day.records.values() for column in (4, 5)}
    tidied = {re.sub(r"[\s-]", "", account).upper() for account in accounts}
    notes = {record[11].strip() for record in day.records.values()} - {""}
    assert len(accounts) > 100
    assert len(notes) > 10
    squeezed = re.sub(r"[\s-]", "", page.own).upper()
    # Short ones are no accounts but fragments that a defect left.
    assert not [each for each in tidied if len(each) >= 10 and each in squeezed]
    assert not [note for note in notes if note in page.own]


def test_a_masked_account_keeps_its_ends_and_its_blanks(reports: Reports) -> None:
    shown = {
        row[3].replace(" ", "")
        for row in reports["sample"].table("Before and after")
        if row[2].endswith("account")
    }
    assert shown
    assert all(re.fullmatch(r"[A-Za-z]{2}\w{2}[•␣⍽-]+[0-9␣-]{4,6}", each) for each in shown), shown
