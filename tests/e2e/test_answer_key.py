"""The generator's answer key and the built tables, line by line: 100,000 lines.

Three seeds, two of them for a night. Each has a database of its own, for a later business date
releases lines of an earlier one. The days lie after a change of the clock in spring, after one in
autumn, and in between.
"""

from __future__ import annotations

import csv
import io
import zipfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from loaders.generators.bank import generate_bank
from loaders.generators.bank.lines import FIELDS
from loaders.sources.ecb import bundled_file
from tests.conftest import REPOSITORY, Database, RunDbt
from tests.support import Row, loaded, row, rows
from tests.unit.generated_day import Day, read_day

ROWS = 100_000
SEEDS_AND_DAYS = {101: date(2025, 5, 19), 102: date(2024, 10, 28), 103: date(2026, 3, 30)}

# Half of all lines carry it; the key counts it instead of listing it.
UNLISTED_FLAG = "type.contradicts_ownership"


@dataclass(frozen=True)
class Built:
    """A generated day, its load, and the accepted lines by their number."""

    day: Day
    load_id: int
    facts: dict[int, Row]


FIRST, *OTHERS = SEEDS_AND_DAYS


@pytest.fixture(
    scope="module",
    params=[FIRST, *(pytest.param(seed, marks=pytest.mark.soak) for seed in OTHERS)],
)
def built(
    request: pytest.FixtureRequest,
    make_database: Callable[[], AbstractContextManager[Database]],
    run_dbt: RunDbt,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("day")
    business_date = SEEDS_AND_DAYS[request.param]
    generate_bank(ROWS, request.param, folder, day=business_date)
    with make_database():
        loaded("bank_customers", folder / "customers.csv", business_date)
        load_id = loaded("bank_transactions", folder / "transactions.csv", business_date)
        loaded("fx_rates", None)
        run_dbt("build")
        facts = rows(
            "select *, to_char(booked_at at time zone 'Europe/Stockholm', "
            "'YYYY-MM-DD HH24:MI:SS') as local_time from marts.fct_transactions "
            "where _load_id = %s",
            (load_id,),
        )
        yield Built(read_day(folder), load_id, {fact["_line_no"]: fact for fact in facts})


def differing(expected: dict[Any, Any], found: dict[Any, Any]) -> dict[Any, Any]:
    """The first few keys whose values differ: (expected, found)."""
    keys = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    return {key: (expected.get(key), found.get(key)) for key in sorted(keys)[:10]}


def of_load(built: Built, table: str) -> list[Row]:
    return rows(f"select * from {table} where _load_id = %s", (built.load_id,))  # noqa: S608


def test_every_line_ends_as_the_key_says(built: Built) -> None:
    expected = dict.fromkeys(built.day.records, "accepted")
    expected.update({number: entry["outcome"] for number, entry in built.day.entries.items()})
    assert len(expected) == ROWS

    found = dict.fromkeys(built.facts, "accepted")
    others = {each["_line_no"]: each["outcome"] for each in of_load(built, "marts.fct_rejections")}
    malformed = {
        each["line_no"]: "malformed"
        for each in rows("select * from ops.malformed_lines where load_id = %s", (built.load_id,))
    }
    assert not found.keys() & others.keys()
    assert not malformed.keys() & (found.keys() | others.keys())
    assert differing(expected, found | others | malformed) == {}


def test_all_failing_rules_are_those_of_the_key(built: Built) -> None:
    expected = {
        number: set(entry["rule_ids"])
        for number, entry in built.day.entries.items()
        if entry["outcome"] in ("rejected", "duplicate")
    }
    rejections = of_load(built, "marts.fct_rejections")
    assert (
        differing(expected, {each["_line_no"]: set(each["rule_ids"]) for each in rejections}) == {}
    )
    assert all(len(each["rule_ids"]) == len(set(each["rule_ids"])) for each in rejections)


def test_a_rejection_keeps_the_line_as_it_stood(built: Built) -> None:
    for each in of_load(built, "marts.fct_rejections"):
        kept = [each["raw"][name] or "" for name in FIELDS]
        assert kept == built.day.records[each["_line_no"]], each["_line_no"]


def test_corrections_are_those_of_the_key(built: Built) -> None:
    expected = {
        (number, each["field"]): (each["raw"], each["clean"], each["rule_id"])
        for number, entry in built.day.entries.items()
        if entry["outcome"] == "accepted"
        for each in entry["corrections"]
    }
    found = {
        # An empty field is null in the raw table.
        (each["_line_no"], each["field"]): (
            each["raw_value"] or "",
            each["clean_value"],
            each["rule_id"],
        )
        for each in of_load(built, "marts.fct_corrections")
    }
    assert differing(expected, found) == {}


def test_flags_are_those_of_the_key(built: Built) -> None:
    expected = {number: set[str]() for number in built.day.clean}
    for number, entry in built.day.entries.items():
        if entry["outcome"] == "accepted":
            expected[number] = set(entry["flags"])
    found = {number: set(fact["flags"]) - {UNLISTED_FLAG} for number, fact in built.facts.items()}
    assert differing(expected, found) == {}
    contradicted = sum(UNLISTED_FLAG in fact["flags"] for fact in built.facts.values())
    assert contradicted == built.day.key["type_contradictions"]
    assert all(len(fact["flags"]) == len(set(fact["flags"])) for fact in built.facts.values())


def test_a_clean_line_is_taken_as_it_stands(built: Built) -> None:
    expected = {}
    for number, record in built.day.clean.items():
        expected[number] = (
            *(record[0], record[1], Decimal(record[2]), record[3], record[4], record[5]),
            *(record[7] or None, record[9] or None, record[11] or None),
        )
    found = {}
    for number in built.day.clean:
        fact = built.facts[number]
        found[number] = (
            *(str(fact["transaction_id"]), fact["local_time"], fact["amount"], fact["currency"]),
            *(fact["sender_account"], fact["receiver_account"]),
            *(fact["sender_municipality"], fact["receiver_municipality"], fact["note"]),
        )
    assert differing(expected, found) == {}


def test_direction_follows_from_the_register(built: Built) -> None:
    own = {holder[4] for holder in built.day.customers}
    expected, found = {}, {}
    for number, fact in built.facts.items():
        sides = (fact["sender_account"] in own, fact["receiver_account"] in own)
        direction = {(True, True): "internal", (True, False): "outgoing", (False, True): "incoming"}
        ours, theirs = ("receiver", "sender") if sides == (False, True) else ("sender", "receiver")
        expected[number] = (direction[sides], fact[f"{ours}_account"], fact[f"{theirs}_account"])
        found[number] = (fact["direction"], fact["own_account"], fact["counterparty_account"])
    assert differing(expected, found) == {}


def test_sums_per_currency_are_those_of_the_key(built: Built) -> None:
    expected = {
        currency: (total["accepted_count"], Decimal(total["accepted_amount"]))
        for currency, total in built.day.key["currency_totals"].items()
    }
    totals = of_load(built, "marts.rpt_load_currency_totals")
    found = {each["currency"]: (each["accepted_count"], each["accepted_amount"]) for each in totals}
    assert differing(expected, found) == {}
    for each in totals:
        kronor = [
            fact["amount_sek"]
            for fact in built.facts.values()
            if fact["currency"] == each["currency"] and fact["amount_sek"] is not None
        ]
        assert each["accepted_amount_sek"] == (sum(kronor) if kronor else None), each["currency"]


def test_counts_are_those_of_the_key(built: Built) -> None:
    found = row("select * from marts.rpt_load_reconciliation where _load_id = %s", (built.load_id,))
    counts = built.day.key["counts"]
    assert {
        outcome: found[f"{outcome}_count"] for outcome in counts if outcome != "blank_lines"
    } == {outcome: count for outcome, count in counts.items() if outcome != "blank_lines"}
    assert found["line_count"] == ROWS
    assert (found["gate"], found["difference_count"]) == ("published", 0)
    ledger = row("select * from ops.loads where load_id = %s", (built.load_id,))
    assert ledger["blank_count"] == counts["blank_lines"]


def test_the_rule_summary_counts_the_key(built: Built) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for entry in built.day.key["lines"]:
        if entry["outcome"] != "accepted":
            expected.update((rule, entry["outcome"]) for rule in entry["rule_ids"])
            continue
        expected.update({(each["rule_id"], "corrected") for each in entry["corrections"]})
        expected.update((flag, "flagged") for flag in entry["flags"])
    expected[(UNLISTED_FLAG, "flagged")] = built.day.key["type_contradictions"]
    summary = of_load(built, "marts.rpt_rule_summary")
    found = {(each["rule_id"], each["outcome"]): each["line_count"] for each in summary}
    assert differing(dict(expected), found) == {}
    for each in summary:
        assert each["share"] == Decimal(each["line_count"]) / ROWS


# --- kronor ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kronor() -> Callable[[str, date], tuple[Fraction, date] | None]:
    """Returns a function: currency and day -> kronor for one unit, and the day of that rate.

    Read from the European Central Bank's own file, and from the seed for currencies outside it.
    """
    with zipfile.ZipFile(bundled_file()) as archive:
        text = archive.read(archive.namelist()[0]).decode("ascii")
    table = list(csv.DictReader(io.StringIO(text)))
    rates: dict[str, list[tuple[date, Fraction]]] = {"EUR": []}
    per_euro: list[tuple[date, Fraction]] = []
    for line in reversed(table):
        day = date.fromisoformat(line["Date"])
        krona = Fraction(line["SEK"])
        per_euro.append((day, krona))
        rates["EUR"].append((day, krona))
        for currency, units in line.items():
            if currency and currency not in ("Date", "SEK") and units not in ("N/A", "", None):
                rates.setdefault(currency, []).append((day, krona / Fraction(units)))
    with (REPOSITORY / "seeds" / "fx_fixed_rates.csv").open(encoding="utf-8") as file:
        for fixed in csv.DictReader(file):
            day = date.fromisoformat(fixed["rate_date"])
            krona = per_euro[bisect_right(per_euro, day, key=lambda each: each[0]) - 1][1]
            units = Fraction(fixed["units_per_eur"])
            rates.setdefault(fixed["currency"], []).append((day, krona / units))
    for quoted in rates.values():
        quoted.sort()

    def find(currency: str, day: date) -> tuple[Fraction, date] | None:
        quoted = rates.get(currency, [])
        place = bisect_right(quoted, day, key=lambda each: each[0])
        return (quoted[place - 1][1], quoted[place - 1][0]) if place else None

    return find


def test_kronor_are_the_ecb_rates_of_the_day_or_the_last_before_it(
    built: Built, kronor: Callable[[str, date], tuple[Fraction, date] | None]
) -> None:
    wrong = {}
    converted = 0
    for number, fact in built.facts.items():
        amount, currency = fact["amount"], fact["currency"]
        if currency == "SEK":
            expected = (amount, fact["booked_date"])
        elif rate := kronor(currency, fact["booked_date"]):
            minor_units = round(Fraction(amount) * rate[0] * 100)  # Python rounds ties to even
            expected = (Decimal(minor_units).scaleb(-2), rate[1])
            converted += 1
        else:
            expected = (None, None)
            assert "fx.no_rate" in fact["flags"]
        if (fact["amount_sek"], fact["fx_rate_date"]) != expected:
            wrong[number] = (currency, amount, fact["amount_sek"], fact["fx_rate_date"], expected)
    assert wrong == {}
    assert converted > 10_000
