"""The generated day itself: the same bytes for a seed, the right shape, constant memory."""

import filecmp
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from stdnum import iban, luhn
from stdnum.se import personnummer

from loaders.errors import UnusableInputError
from loaders.generators.bank import FILE_NAMES, draw, generate_bank, places, stockholm
from tests.unit.generated_day import Day, read_day

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "data" / "sample_day"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    out = tmp_path_factory.mktemp("day")
    generate_bank(rows=5_000, seed=11, out=out)
    return read_day(out)


@pytest.fixture
def generated(tmp_path: Path) -> Callable[..., Path]:
    def generate(**arguments: object) -> Path:
        out = tmp_path / "-".join(f"{name}{value}" for name, value in arguments.items())
        generate_bank(out=out, **{"rows": 2_000, "seed": 1, **arguments})  # type: ignore[arg-type]
        return out

    return generate


def assert_same_files(one: Path, other: Path) -> None:
    assert filecmp.cmpfiles(one, other, FILE_NAMES, shallow=False) == (list(FILE_NAMES), [], [])


def test_sample_day_is_what_its_command_generates(tmp_path: Path) -> None:
    # Also the proof that other machines and Python versions give the same bytes.
    generate_bank(rows=5_000, seed=7, out=tmp_path, accounts=500)
    assert_same_files(tmp_path, SAMPLE)
    assert sum((SAMPLE / name).stat().st_size for name in FILE_NAMES) < 1_200_000


def test_same_seed_gives_the_same_bytes_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate_bank(rows=2_000, seed=3, out=tmp_path / name)
    assert_same_files(tmp_path / "one", tmp_path / "two")


def test_hash_randomisation_does_not_reach_the_files(tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        script = (
            "from pathlib import Path; from loaders.generators.bank import generate_bank;"
            f"generate_bank(rows=2000, seed=3, out=Path({str(tmp_path / hash_seed)!r}))"
        )
        subprocess.run(
            [sys.executable, "-c", script], check=True, env={"PYTHONHASHSEED": hash_seed}
        )
    assert_same_files(tmp_path / "1", tmp_path / "2")


def test_other_arguments_give_other_transactions(generated: Callable[..., Path]) -> None:
    outs = [
        generated(),
        generated(seed=2),
        generated(rows=2_001),
        generated(day=date(2025, 5, 20)),
        generated(accounts=60),
    ]
    ids = [record[0] for out in outs for record in read_day(out).clean.values()]
    assert len(ids) > 9_000
    assert len(set(ids)) > 0.999 * len(ids)  # a line sent anew keeps its id within one file
    assert (
        len({hashlib.sha256((out / "transactions.csv").read_bytes()).digest() for out in outs}) == 5
    )


def test_days_of_a_seed_share_their_register(generated: Callable[..., Path]) -> None:
    one, other = generated(accounts=70), generated(accounts=70, day=date(2025, 5, 20), rows=2_500)
    assert filecmp.cmp(one / "customers.csv", other / "customers.csv", shallow=False)


def test_register_is_in_the_original_format(day: Day) -> None:
    assert day.customers_bytes.startswith(b"Customer,Address,Phone,Personnummer,BankAccount\n")
    assert b"\r" not in day.customers_bytes
    assert len(day.customers) == 500
    accounts = [account for *_, account in day.customers]
    assert len(set(accounts)) == 500
    assert all(re.fullmatch(r"SE8902[A-Z]{4}\d{14}", account) for account in accounts)
    address = (
        r"[A-ZÅÄÖ][a-zåäö]+(gatan|vägen|stigen|gränd|torget) \d{1,3}, [1-9]\d{4} [A-ZÅÄÖ][a-zåäö]+"
    )
    phone = r"0\d{1,3}-\d{2,3} \d\d( \d\d)?|0\d-\d{3} \d{3} \d\d|\+46 \(0\)\d{1,3}( \d{2,3}){2,3}"
    for _, street, number, *_ in day.customers:
        assert re.fullmatch(address, street), street
        assert re.fullmatch(phone, number), number


def test_personnummer_are_valid_and_belong_to_one_person(day: Day) -> None:
    people: dict[str, tuple[str, ...]] = {}
    for name, address, phone, number, _ in day.customers:
        assert re.fullmatch(r"\d{6}-\d{4}", number)
        assert luhn.is_valid(number.replace("-", ""))
        assert personnummer.is_valid(number)
        assert people.setdefault(number, (name, address, phone)) == (name, address, phone)
    accounts_each = Counter(number for *_, number, _ in day.customers).values()
    assert min(accounts_each) == 1
    assert max(accounts_each) > 2


def test_transactions_are_in_the_original_format(day: Day) -> None:
    assert day.transactions_bytes.startswith(
        b"transaction_id,timestamp,amount,currency,sender_account,receiver_account,sender_country,"
        b"sender_municipality,receiver_country,receiver_municipality,transaction_type,notes\n"
    )
    assert b"\r" not in day.transactions_bytes
    assert day.transactions_bytes.endswith(b"\n")


def test_mix_of_a_day(day: Day) -> None:
    own = {account for *_, account in day.customers}
    lines = list(day.clean.values())
    sides = Counter((line[4] in own, line[5] in own) for line in lines)
    shares = {side: count / len(lines) for side, count in sides.items()}
    assert set(shares) == {(True, True), (True, False), (False, True)}
    assert shares[True, True] == pytest.approx(0.80, abs=0.03)
    assert shares[True, False] == pytest.approx(0.10, abs=0.02)
    assert sum(line[1].startswith("2025-05-19") for line in lines) / len(lines) > 0.95
    contradictions = day.key["type_contradictions"] / day.key["counts"]["accepted"]
    assert contradictions == pytest.approx(0.45, abs=0.03)
    for column in (6, 7, 8, 9):  # each of the four places
        missing = sum(record[column] == "" for record in day.records.values()) / len(day.records)
        assert missing == pytest.approx(0.005, abs=0.004)
    not_clean = len(day.entries) / day.key["rows"]
    assert 0.06 < not_clean < 0.10


def test_every_country_has_valid_ibans() -> None:
    rng = Random(5)
    for country in places.IBAN_COUNTRIES:
        for _ in range(20):
            account = places.random_iban(rng, country)
            # check_country would add national check digits, which no bank abroad looks at.
            assert iban.validate(account, check_country=False) == account
            assert places.is_iban_checksum_right(account)


def test_stockholm_time_agrees_with_the_zone_database() -> None:
    zone = ZoneInfo("Europe/Stockholm")
    instant = datetime(2012, 1, 1, 0, 30, tzinfo=UTC)
    while instant.year < 2031:
        local = instant.astimezone(zone)
        expected = timedelta(hours=2) if local.fold == 0 and local.dst() else local.utcoffset()
        if not (local.fold and local.utcoffset() == timedelta(hours=1)):
            assert stockholm.offset_of(local.replace(tzinfo=None)) == expected
        instant += timedelta(hours=1)


def test_amounts_are_heavy_tailed_and_below_the_ceiling() -> None:
    rng = Random(5)
    amounts = sorted(draw.heavy_tailed(rng, 400_000, 100_000_000) for _ in range(20_000))
    assert amounts[0] >= 100
    assert amounts[-1] <= 100_000_000
    assert amounts[-20] > 15 * amounts[10_000]


@pytest.mark.parametrize(
    "business_date", [date(2024, 3, 31), date(2024, 2, 29), date(2022, 10, 30)]
)
def test_days_on_which_the_calendar_is_odd(
    generated: Callable[..., Path], business_date: date
) -> None:
    day = read_day(generated(rows=5_000, day=business_date))
    for line in day.clean.values():
        local = datetime.fromisoformat(line[1])
        assert not (stockholm.is_change_day(local.date()) and local.hour == 2)
    impossible = [e for e in day.entries.values() if e["class"] == "ts.no_such_day"]
    assert impossible
    for entry in impossible:
        raw = day.records[entry["line_no"]][1]
        with pytest.raises(ValueError, match=r"day is out of range|must be in range"):
            date.fromisoformat(raw[:10])


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 60, 137, 500, 1_999, 2_000, 2_001])
def test_short_files_have_exactly_their_rows(generated: Callable[..., Path], rows: int) -> None:
    day = read_day(generated(rows=rows))
    assert len(day.records) + day.key["counts"]["malformed"] == rows


@pytest.mark.parametrize(
    "arguments", [{"rows": 0}, {"seed": -1}, {"accounts": 1}, {"day": date(1999, 1, 1)}]
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, arguments: dict[str, object]) -> None:
    with pytest.raises(UnusableInputError, match="--"):
        generate_bank(out=tmp_path, **{"rows": 10, "seed": 1, **arguments})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_files_that_nobody_generated_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "transactions.csv").write_text("a real day")
    with pytest.raises(UnusableInputError, match="no answer key"):
        generate_bank(rows=10, seed=1, out=tmp_path)
    assert (tmp_path / "transactions.csv").read_text() == "a real day"


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_bank(rows=5_000, seed=1, out=tmp_path, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path;"
        "from loaders.generators.bank import generate_bank;"
        "generate_bank(rows=int(sys.argv[1]), seed=1, out=Path(sys.argv[2]), accounts=1000);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    kilobytes = [
        int(
            subprocess.run(
                [sys.executable, "-c", script, str(rows), str(tmp_path / str(rows))],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for rows in (20_000, 200_000)
    ]
    assert kilobytes[1] - kilobytes[0] < 4_000


def test_command_line_generates_and_says_what(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from sluss.cli import build_app

    arguments = ["generate", "bank", "--rows", "300", "--seed", "4", "--out", str(tmp_path)]
    result = CliRunner().invoke(build_app(), [*arguments, "--day", "2025-06-02"])
    assert result.exit_code == 0, result.output
    assert "300 records of 2025-06-02" in result.output
    key = json.loads((tmp_path / "key.json").read_text())
    assert (key["rows"], key["seed"], key["business_date"]) == (300, 4, "2025-06-02")
