"""The numbers of a report, held against the sample day's answer key, which never saw the tables."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import Any

from loaders import database
from sluss.outcomes import standings
from sluss.report import report_version
from tests.report.conftest import QUIET_LINES, Reports, answer_key

KEY = answer_key()
COUNTS = KEY["counts"]


def number(text: str) -> Decimal:
    """What a cell of a table says: thousands apart, a dash for nothing."""
    return Decimal(0) if text == "–" else Decimal(text.replace(",", "").replace("−", "-"))


def rule_counts(table: list[list[str]]) -> dict[str, int]:
    """Lines by rule id: the title and the id stand in the first cell."""
    numbers = {row[0].split()[-1]: row[1:] for row in table}
    return {
        rule: int(number(next(cell for cell in cells if cell[:1].isdigit())))
        for rule, cells in numbers.items()
    }


def drawn(text: str) -> str:
    """The text with its blanks as a report draws them."""
    return re.sub(r"\s", "⍽", text.replace(" ", "␣").replace("\t", "⇥"))


def key_rules(outcome: str) -> Counter[str]:
    return Counter(
        rule for line in KEY["lines"] if line["outcome"] == outcome for rule in line["rule_ids"]
    )


def test_every_line_of_the_sample_day_is_accounted_for(reports: Reports) -> None:
    found = {
        name: int(number(cells[0]))
        for name, cells in reports["sample"].rows("Every line accounted for").items()
    }
    assert found == {
        "Accepted as they stood": COUNTS["accepted"] - COUNTS["corrected"],
        "Accepted, corrected": COUNTS["corrected"],
        "Rejected": COUNTS["rejected"],
        "Duplicate": COUNTS["duplicate"],
        "Malformed": COUNTS["malformed"],
        "Lines of the file": KEY["rows"],
    }
    assert "✓ all accounted for" in reports["sample"].text
    assert f"{COUNTS['blank_lines']} blank lines" in reports["sample"].text


def test_sums_of_every_currency_are_those_of_the_key(reports: Reports) -> None:
    led = reports["sample"].rows("Money")
    kronor = reports["sample"].rows("In kronor")
    assert led.keys() == kronor.keys() - {"All"}
    assert kronor.keys() - {"All"} == KEY["currency_totals"].keys()
    for currency, expected in KEY["currency_totals"].items():
        read, corrected, rejected, repeated, accepted = map(number, led[currency])
        assert read + corrected - rejected - repeated == accepted, currency
        assert accepted == Decimal(expected["accepted_amount"]), currency
        assert number(kronor[currency][1]) == accepted, currency
        assert int(number(kronor[currency][0])) == expected["accepted_count"], currency
    assert int(number(kronor["All"][0])) == COUNTS["accepted"]
    assert number(kronor["SEK"][-1]) == Decimal(KEY["currency_totals"]["SEK"]["accepted_amount"])


def test_rules_that_kept_lines_out_are_those_of_the_key(reports: Reports) -> None:
    found = rule_counts(reports["sample"].table("What was not accepted"))
    assert found == dict(key_rules("rejected") + key_rules("duplicate"))


def test_rules_that_corrected_are_those_of_the_key(reports: Reports) -> None:
    # A line counts once for a rule, however many of its fields the rule corrected.
    expected = Counter(
        rule
        for line in KEY["lines"]
        if line["outcome"] == "accepted"
        for rule in {correction["rule_id"] for correction in line["corrections"]}
    )
    assert rule_counts(reports["sample"].table("What was corrected")) == dict(expected)


def test_flags_are_those_of_the_key(reports: Reports) -> None:
    expected = Counter(
        flag for line in KEY["lines"] if line["outcome"] == "accepted" for flag in line["flags"]
    )
    # Half of all lines carry it; the key counts it instead of listing it.
    expected["type.contradicts_ownership"] = KEY["type_contradictions"]
    assert rule_counts(reports["sample"].table("Accepted, and worth a look")) == dict(expected)


def test_examples_of_corrections_are_lines_of_the_key(reports: Reports) -> None:
    corrected = {
        (str(line["line_no"]), correction["field"]): correction
        for line in KEY["lines"]
        for correction in line["corrections"]
    }
    shown = reports["sample"].table("Before and after")
    # Every rule has an example.
    rules = {corrected[(row[1], row[2])]["rule_id"] for row in shown}
    assert rules == rule_counts(reports["sample"].table("What was corrected")).keys()
    whole = 0
    for _, line, field, raw, clean in shown:
        correction = corrected[(line, field)]
        if field in ("amount", "timestamp", "currency"):
            assert "".join(raw.split()) == drawn(correction["raw"])
            assert "".join(clean.split()) == drawn(correction["clean"])
            whole += 1
    assert whole > 20


def test_malformed_lines_are_named_by_their_numbers(reports: Reports) -> None:
    table = reports["sample"].table("Malformed lines")
    named = {int(number) for row in table for number in row[2].split(", ")}
    assert named == {line["line_no"] for line in KEY["lines"] if line["outcome"] == "malformed"}


def test_drawn_payments_are_all_accepted_ones(reports: Reports) -> None:
    figures = reports["sample"].figures
    (hours,) = [f for f in figures if len(f["data"][0].get("x", ())) == 24]
    assert sum(_values(hours)) == COUNTS["accepted"]
    (sizes,) = [f for f in figures if "width" in f["data"][0]]
    kronor = reports["sample"].rows("In kronor")
    without_rate = sum(int(number(row[0])) for row in kronor.values() if row[2] == "no rate")
    assert without_rate == sum(
        totals["accepted_count"]
        for currency, totals in KEY["currency_totals"].items()
        if currency in ("UGX", "KES")
    )
    assert sum(_values(sizes)) == COUNTS["accepted"] - without_rate


def _values(figure: dict[str, Any]) -> list[int]:
    values = figure["data"][0]["y"]
    assert isinstance(values, list), "numbers are written as such, not packed"
    return values


def test_days_before_are_compared(reports: Reports) -> None:
    page = reports["sample"]
    assert "3 loads were published in the 30 days before" in page.text
    assert "None of them had more lines than this one" in page.text
    outstanding = {row[0].split()[-1]: row[1:] for row in page.table("Beside the last thirty days")}
    # The days before are without a defect, so all that is not by chance stands out.
    rejected = {rule: count for rule, count in key_rules("rejected").items() if count > 3}
    assert len(rejected) > 5
    for rule, count in rejected.items():
        assert outstanding[rule] == ["rejected", str(count), "0"], rule
    bars = [f["data"][0] for f in page.figures if f["data"][0].get("x", [""])[0] == "load 4"]
    assert [bar["y"][:4] for bar in bars if bar["y"][-1] == KEY["rows"]] == [
        [QUIET_LINES, QUIET_LINES, QUIET_LINES, KEY["rows"]]
    ]


def test_a_first_load_says_that_there_is_nothing_to_compare_it_with(reports: Reports) -> None:
    text = reports["quiet 0"].text
    assert "No load was published in the 30 days before" in text


def test_all_checks_hold_and_say_what_they_found(reports: Reports) -> None:
    table = reports["sample"].table("Checked again")
    assert len(table) == 9
    assert {row[-1] for row in table} == {"✓ holds"}
    assert all(row[1] == row[2] for row in table)
    assert table[0][1] == f"{KEY['rows']:,}"


def test_the_version_is_that_of_the_marts(reports: Reports) -> None:
    assert reports["sample"].meta["gate"] == "published"
    with database.connected(database.connect("sluss tests")) as connection:
        known = standings(connection)
    for name in ("sample", "held"):
        assert reports[name]
        assert report_version(reports.path(name)) == known[reports.loads[name]].version


def test_no_report_has_no_version(reports: Reports) -> None:
    assert report_version(reports.folder / "absent.html") is None
    assert report_version(reports.folder / "other" / "transactions.csv") is None


def test_a_held_load_says_why_and_what_it_counted(reports: Reports) -> None:
    page = reports["held"]
    assert page.meta["gate"] == "held"
    assert "This load is held" in page.text
    assert "name an account that should be ours but is not in the register" in page.text
    gates = page.rows("Gates")
    assert gates["Lines rejected"][-1] == "✗ does not hold"
    assert gates["Differences in the reconciliation"][-1] == "✓ holds"
    counts = rule_counts(page.table("What was not accepted"))
    assert counts["account.unknown_own"] > 300
    assert "No line of a held load is in a mart" in page.text
    for absent in ("In kronor", "When, and which way", "What was corrected"):
        assert absent not in page.headings
    assert not any(heading.startswith("How large") for heading in page.headings)


def test_a_load_of_no_lines_has_a_report(reports: Reports) -> None:
    page = reports["empty"]
    assert page.rows("Every line accounted for")["Lines of the file"][0] == "0"
    assert {row[-1] for row in page.table("Checked again")} == {"✓ holds"}
    assert "Money" not in page.headings
