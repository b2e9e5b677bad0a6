"""The generated year of the cashflow feed: reproducible, in its shares, and its key is right."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from stdnum import iban

from loaders.errors import UnusableInputError
from loaders.generators.cashflow import FILE_NAMES, SIZES, Size, generate_cashflow
from tests.unit.cashflow_rules import AMOUNT, ID, TIME, Judged, Year

SEEDS = (1, 2, 3)
SIZE = Size(companies=60, sepa=1_000, swift=6_000)


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Year]:
    made = {}
    for seed in SEEDS:
        out = tmp_path_factory.mktemp(f"seed{seed}")
        generate_cashflow(SIZE, seed, out)
        made[seed] = Year(out)
    return made


@pytest.fixture(scope="module")
def judged(years: dict[int, Year]) -> dict[int, dict[str, Judged]]:
    return {
        seed: {feed: year.judge(feed) for feed in ("sepa", "swift")} for seed, year in years.items()
    }


def digests(folder: Path) -> list[str]:
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILE_NAMES]


def test_same_seed_gives_the_same_bytes_in_another_process(
    tmp_path: Path, years: dict[int, Year]
) -> None:
    script = (
        "from pathlib import Path; from loaders.generators.cashflow import *;"
        f"generate_cashflow(Size(60, 1000, 6000), 1, Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONHASHSEED": "5"})
    assert digests(tmp_path) == digests(years[1].folder)
    assert not set(digests(years[2].folder)[2:]) & set(digests(years[3].folder))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("feed", ["sepa", "swift"])
def test_the_key_names_every_line_that_is_not_clean(
    years: dict[int, Year], judged: dict[int, dict[str, Judged]], seed: int, feed: str
) -> None:
    key = years[seed].key
    found = {
        entry["line_no"]: (entry["outcome"], entry["rule_ids"], entry["flags"])
        for entry in key["lines"][feed]
    }
    assert found == judged[seed][feed].entries()
    counts = Counter(judged[seed][feed].outcome.values())
    assert counts == {name: key["counts"][feed][name] for name in counts}
    assert len(counts) == 3
    assert key["counts"][feed]["lines"] == sum(counts.values()) == getattr(SIZE, feed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mode", ["strict", "include_batches", "one_valid_leg"])
def test_the_keys_balances_are_the_sums_of_the_files(
    years: dict[int, Year], judged: dict[int, dict[str, Judged]], seed: int, mode: str
) -> None:
    expected = years[seed].balances(judged[seed], mode)
    by_end = years[seed].key["balances"][mode]
    found = {
        (end, company): [Decimal(balance["eur"]), Decimal(balance["usd"])]
        for end, balances in by_end.items()
        for company, balance in balances.items()
    }
    assert found == expected
    assert len(found) == 4 * SIZE.companies


def test_modes_differ(years: dict[int, Year]) -> None:
    strict, batches, legs = years[1].key["balances"].values()
    assert strict != batches != legs != strict


def test_every_class_occurs_in_every_feed(years: dict[int, Year]) -> None:
    both = {
        "cash.batch_payment",
        "cash.redelivery",
        "cash.id_collision",
        "cash.iban_country",
        "cash.iban_checksum",
    }
    expected = {
        "sepa": both | {"cash.sepa_not_eur", "cash.sepa_unknown_account"},
        "swift": both | {"cash.currency_missing", "cash.currency_unknown"},
    }
    for year in years.values():
        for feed, rules in expected.items():
            assert set(year.key["counts"][feed]["rules"]) == rules


def test_lines_arrive_in_order_and_late_ones_a_day_late(years: dict[int, Year]) -> None:
    """The latest time up to a line is when it arrives: that is how days are told apart."""
    for year in years.values():
        for feed in ("sepa", "swift"):
            lines = year.lines(feed)
            arrived, latest = {}, ""
            for number, line in lines.items():
                latest = max(latest, line[TIME])
                arrived[number] = latest[:10]
            late = 0
            for entry in year.key["lines"][feed]:
                number, of_line = entry["line_no"], entry["of_line"]
                if entry["kind"] != "split_over_two_days" or of_line is None:
                    continue
                first, half = lines[of_line], lines[number]
                assert first[:AMOUNT] == half[:AMOUNT]
                assert first[TIME] == half[TIME]
                late += arrived[of_line] < arrived[number]
            assert late >= 1


def test_ids_of_the_feeds_overlap(years: dict[int, Year]) -> None:
    ids = [{line[ID] for line in years[1].lines(feed).values()} for feed in ("sepa", "swift")]
    assert ids[0] < ids[1]


def test_companies_are_as_the_service_has_them(years: dict[int, Year]) -> None:
    companies = years[1].read("companies.csv")
    assert [company["companyID"] for company in companies] == [str(n) for n in range(60)]
    assert all(bool(company["owner"]) != bool(company["address"]) for company in companies)
    assert any("\n" in company["address"] for company in companies)
    accounts = years[1].accounts()
    assert all(iban.is_valid(account, check_country=False) for account in accounts)
    each = Counter(accounts.values())
    assert len(each) == 60
    assert max(each.values()) > 2


def test_rates_are_mislabelled_as_the_services_were(years: dict[int, Year]) -> None:
    for row in years[1].read("rates.csv"):
        product = Decimal(row["usd_rate"]) * Decimal(row["eur_rate"])
        if row["currency"] == "EUR":
            assert product < 1
        else:
            assert abs(product - Decimal("1.175")) < Decimal("0.001")


def test_sizes_are_those_of_the_service() -> None:
    assert SIZES["medium"] == Size(1_000, 100_000, 1_000_000)
    assert SIZES["large"] == Size(10_000, 1_000_000, 10_000_000)


def test_unusable_arguments_write_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="small, medium, large"):
        generate_cashflow("tiny", 1, tmp_path)
    with pytest.raises(UnusableInputError, match="--seed is -1"):
        generate_cashflow("small", -1, tmp_path)
    with pytest.raises(UnusableInputError, match="too little"):
        generate_cashflow(Size(1, 1, 1), 1, tmp_path)
    (tmp_path / "sepa.csv").write_text("somebody's")
    with pytest.raises(UnusableInputError, match="no answer key"):
        generate_cashflow("small", 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sepa.csv"]


def test_command_line_generates_and_says_what(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sluss.cli import build_app

    arguments = ["generate", "cashflow", "--size", "small", "--seed", "4", "--out", str(tmp_path)]
    result = CliRunner().invoke(build_app(), arguments)
    assert result.exit_code == 0, result.output
    assert "100 companies" in result.output
    assert "10,000 lines" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILE_NAMES)
