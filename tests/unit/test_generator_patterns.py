"""Planted patterns, read back from the files' bytes: each is what its name promises."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from loaders.errors import UnusableInputError
from loaders.generators.bank import FILE_NAMES, generate_bank, generate_bank_days
from loaders.generators.bank.patterns import DEFAULT_ATTEMPTS, read_attempts
from tests.unit.generated_day import Day, read_day

FIRST = date(2025, 5, 19)
DAYS = 12
Attempts = dict[str, dict[str, list[tuple[dict[str, object], list[str]]]]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    out = tmp_path_factory.mktemp("run")
    generate_bank_days(400, 5, out, DAYS, read_attempts(["all=3"]), accounts=300)
    return [read_day(folder) for folder in sorted(out.iterdir())]


@pytest.fixture(scope="module")
def attempts(run: list[Day]) -> Attempts:
    """Labels and records by pattern and attempt, in the order of their booking."""
    found: Attempts = defaultdict(lambda: defaultdict(list))
    for day in run:
        for label in day.key["planted"]:
            record = day.records[label["line_no"]]
            assert record[0] == label["transaction_id"]
            found[label["pattern"]][label["attempt"]].append((label, record))
    for of_pattern in found.values():
        for payments in of_pattern.values():
            payments.sort(key=lambda payment: payment[1][1])
    return found


def booked(record: list[str]) -> datetime:
    return datetime.fromisoformat(record[1])


def test_every_pattern_is_planted_as_often_as_asked(attempts: Attempts) -> None:
    assert {pattern: len(found) for pattern, found in attempts.items()} == dict.fromkeys(
        DEFAULT_ATTEMPTS, 3
    )


def test_a_burst_is_100_receivers_within_300_seconds(attempts: Attempts) -> None:
    for payments in attempts["burst"].values():
        records = [record for _, record in payments]
        assert len({record[5] for record in records}) == len(records) == 100
        assert len({record[4] for record in records}) == 1
        assert booked(records[-1]) - booked(records[0]) < timedelta(seconds=300)
        assert all(100 <= Decimal(record[2]) <= 1000 and record[3] == "SEK" for record in records)


def test_smurfing_is_10_small_payments_from_10_countries_over_the_run(attempts: Attempts) -> None:
    for payments in attempts["smurfing"].values():
        records = [record for _, record in payments]
        assert len(records) == len({record[4] for record in records}) == 10
        assert len({record[6] for record in records}) == 10
        assert len({record[5] for record in records}) == 1
        assert all(5 <= Decimal(record[2]) <= 160 for record in records)
        assert booked(records[-1]) - booked(records[0]) > timedelta(days=DAYS - 3)


@pytest.mark.parametrize(("pattern", "hops"), [("chain", {4}), ("cycle", {3, 4})])
def test_hops_pass_most_of_the_amount_on_within_a_day(
    attempts: Attempts, pattern: str, hops: set[int]
) -> None:
    for payments in attempts[pattern].values():
        records = [record for _, record in payments]
        assert [label["hop"] for label, _ in payments] == list(range(1, len(records) + 1))
        assert len(records) in hops
        for before, after in pairwise(records):
            assert before[5] == after[4]
            assert 0 < (booked(after) - booked(before)) / timedelta(hours=1) < 24
            assert 0.89 <= Decimal(after[2]) / Decimal(before[2]) < 1
        is_closed = records[0][4] == records[-1][5]
        assert is_closed is (pattern == "cycle")


def test_structuring_stays_under_the_line(attempts: Attempts) -> None:
    for payments in attempts["structuring"].values():
        records = [record for _, record in payments]
        assert len(records) == 4
        assert all(9000 <= Decimal(record[2]) < 10_000 for record in records)
        assert {record[3] for record in records} == {"EUR"}
        assert booked(records[-1]) - booked(records[0]) < timedelta(hours=72)


def test_pass_through_pays_out_what_came_in(attempts: Attempts) -> None:
    for payments in attempts["pass_through"].values():
        sums = {"in": Decimal(0), "out": Decimal(0)}
        for label, record in payments:
            sums[str(label["role"])] += Decimal(record[2])
        assert Decimal("0.90") < sums["out"] / sums["in"] < 1
        assert booked(payments[-1][1]) - booked(payments[0][1]) < timedelta(hours=24)


def test_dormant_and_smurfing_accounts_have_no_normal_lines(
    attempts: Attempts, run: list[Day]
) -> None:
    quiet = {
        record[5]
        for pattern in ("dormant", "smurfing")
        for payments in attempts[pattern].values()
        for _, record in payments
    }
    planted = {label["transaction_id"] for day in run for label in day.key["planted"]}
    touching = [
        record
        for day in run
        for record in day.clean.values()
        if record[0] not in planted and quiet & {record[4], record[5]}
    ]
    assert touching == []
    for payments in attempts["dormant"].values():
        (_, before), *after = payments
        assert booked(after[0][1]) - booked(before) > timedelta(days=90)
        assert all(Decimal(record[2]) >= 500_000 for _, record in after)


def test_the_key_counts_planted_lines(run: list[Day]) -> None:
    for day in run:
        counts = day.key["counts"]
        assert len(day.records) + counts["malformed"] == day.key["rows"]
        assert (
            sum(counts[name] for name in ("accepted", "rejected", "duplicate", "malformed"))
            == day.key["rows"]
        )
        stale = {
            label["line_no"]
            for label in day.key["planted"]
            if label["pattern"] == "dormant" and label["role"] == "before"
        }
        assert all(day.entries[line_no]["flags"] == ["ts.stale"] for line_no in stale)


def test_a_single_day_holds_all_of_every_attempt(tmp_path: Path) -> None:
    (made,) = generate_bank_days(500, 2, tmp_path, 1, read_attempts(["all=2"]), accounts=400)
    key = json.loads((tmp_path / "key.json").read_text())
    assert made.planted == len(key["planted"])
    assert {label["attempt"] for label in key["planted"]} == {
        f"{pattern}-{number}" for pattern in DEFAULT_ATTEMPTS for number in (1, 2)
    }


def test_nothing_planted_is_the_day_as_it_was(tmp_path: Path) -> None:
    generate_bank(500, 3, tmp_path / "plain", day=FIRST)
    generate_bank_days(500, 3, tmp_path / "run", 2, {}, day=FIRST)
    plain, run = tmp_path / "plain", tmp_path / "run" / FIRST.isoformat()
    for name in FILE_NAMES[:2]:
        assert (plain / name).read_bytes() == (run / name).read_bytes()
    key = json.loads((run / "key.json").read_text())
    assert key.pop("planted") == []
    assert key == json.loads((plain / "key.json").read_text())


@pytest.mark.parametrize("words", [["bursts"], ["burst=-1"], ["burst=x"]])
def test_patterns_that_do_not_exist_are_refused(words: list[str]) -> None:
    with pytest.raises(UnusableInputError, match="--plant"):
        read_attempts(words)


def test_too_few_accounts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="--accounts"):
        generate_bank_days(100, 1, tmp_path, 1, {"chain": 50}, accounts=60)
