"""The answer key against an independent reading of the bytes it describes."""

import csv
import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from stdnum import iban

from loaders.generators.bank import generate_bank, shares
from tests.unit.generated_day import Day, read_day

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
FIELDS = [
    "transaction_id",
    "timestamp",
    "amount",
    "currency",
    "sender_account",
    "receiver_account",
    "sender_country",
    "sender_municipality",
    "receiver_country",
    "receiver_municipality",
    "transaction_type",
    "notes",
]
BUSINESS_DATE = date(2025, 5, 19)
OWN_ACCOUNT = re.compile(r"SE8902[A-Z]{4}\d{14}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="module", params=[11, 12])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    out = tmp_path_factory.mktemp("day")
    generate_bank(rows=5_000, seed=request.param, out=out)
    return read_day(out)


def test_every_class_occurs_from_2000_rows_on(tmp_path: Path) -> None:
    generate_bank(rows=2_000, seed=5, out=tmp_path)
    day = read_day(tmp_path)
    defects = set(shares.SHARES) - {shares.BLANK, shares.RESENT, shares.COMPOUND}
    assert {name for name, count in day.key["classes"].items() if count >= 2} == defects
    assert day.blank_lines >= 2
    assert sum(len(entry["rule_ids"]) > 1 for entry in day.entries.values()) >= 1


def test_classes_are_the_rules_of_the_seed() -> None:
    with (SEEDS / "rules.csv").open(encoding="utf-8", newline="") as file:
        rules = {row["rule_id"] for row in csv.DictReader(file)}
    # Not planted: lines of other feeds, rules about the rates' file, and a flag that a foreign
    # counterparty of an honest line may have as well.
    others = ("customer.", "review.", "rate.", "cash.", "company.")
    line_rules = {rule for rule in rules if not rule.startswith(others)}
    line_rules -= {"fx.stale_rate", "account.unregistered_iban"}
    defects = set(shares.SHARES) - {shares.BLANK, shares.RESENT, shares.COMPOUND}
    # The contradicted type is a fact of every other line, counted instead of listed.
    assert defects == line_rules - {"type.contradicts_ownership"}


def test_every_kind_occurs_from_5000_rows_on(day: Day) -> None:
    expected = {
        (kind.rule_id, kind.name) for kinds in shares.kinds_by_class().values() for kind in kinds
    }
    found = {(entry["class"], entry["kind"]) for entry in day.entries.values()}
    assert (
        found - {("line.malformed", name) for name in shares.malformed.MALFORMED_KINDS} == expected
    )
    assert {kind for rule, kind in found if rule == "line.malformed"} == set(
        shares.malformed.MALFORMED_KINDS
    )


def test_counts_add_up_to_the_rows(day: Day) -> None:
    counts = day.key["counts"]
    outcomes = Counter(entry["outcome"] for entry in day.entries.values())
    assert (
        counts["accepted"] + counts["rejected"] + counts["duplicate"] + counts["malformed"] == 5_000
    )
    assert len(day.records) + counts["malformed"] == day.key["rows"] == 5_000
    assert counts["accepted"] == len(day.clean) + outcomes["accepted"]
    for outcome in ("rejected", "duplicate", "malformed"):
        assert counts[outcome] == outcomes[outcome]
    assert counts["blank_lines"] == day.blank_lines
    accepted = [entry for entry in day.entries.values() if entry["outcome"] == "accepted"]
    assert counts["corrected"] == sum(bool(entry["corrections"]) for entry in accepted)
    assert day.key["classes"] == Counter(entry["class"] for entry in day.entries.values())
    assert counts["malformed"] <= max(10, 0.01 * 5_000)
    assert counts["rejected"] < 0.05 * 5_000


def test_entries_are_in_file_order_and_point_at_records(day: Day) -> None:
    numbers = [entry["line_no"] for entry in day.key["lines"]]
    assert numbers == sorted(set(numbers))
    lines = day.transactions_bytes.split(b"\n")
    for number, entry in day.entries.items():
        if entry["outcome"] == "malformed":
            assert number not in day.records
        for correction in entry["corrections"]:
            raw = day.records[number][FIELDS.index(correction["field"])]
            assert raw == correction["raw"] != correction["clean"]
            assert correction["raw"].encode() in lines[number - 1]


def test_malformed_lines_are_no_records(day: Day) -> None:
    lines = day.transactions_bytes.split(b"\n")
    for number, entry in day.entries.items():
        if entry["outcome"] != "malformed":
            continue
        line = lines[number - 1]
        if entry["kind"].startswith("unclosed"):
            assert number + 1 in day.clean
            assert b'"' not in lines[number]
        try:
            (record,) = csv.reader([line.decode("utf-8")], strict=True)
        except (csv.Error, UnicodeDecodeError):
            continue
        has_stray_quote = any('"' in field for field in line.decode().split(",")) and '"' in str(
            record
        )
        assert len(record) != 12 or record == FIELDS or "\0" in line.decode() or has_stray_quote


def test_corrections_and_failures_are_disjoint_and_sorted(day: Day) -> None:
    for entry in day.entries.values():
        fields = [correction["field"] for correction in entry["corrections"]]
        assert len(fields) == len(set(fields))
        assert entry["rule_ids"] == sorted(set(entry["rule_ids"]))
        assert entry["flags"] == sorted(set(entry["flags"]))
        assert bool(entry["rule_ids"]) == (entry["outcome"] != "accepted")
        if entry["outcome"] == "accepted":
            assert entry["corrections"] or entry["flags"]
        is_only_duplicate = entry["rule_ids"] == ["duplicate.exact"]
        assert (entry["outcome"] == "duplicate") == is_only_duplicate
        is_malformed = entry["rule_ids"] == ["line.malformed"]
        assert (entry["outcome"] == "malformed") == is_malformed
        rules = {correction["rule_id"] for correction in entry["corrections"]}
        assert entry["class"] in rules.union(entry["rule_ids"], entry["flags"])


def test_lines_without_an_entry_are_canonical(day: Day) -> None:
    own = {account for *_, account in day.customers}
    with (SEEDS / "country_aliases.csv").open(encoding="utf-8", newline="") as file:
        names = {row["alias"] for row in csv.DictReader(file) if row["kind"] == "iso_name"}
    seen: set[str] = set()
    for record in day.clean.values():
        values = dict(zip(FIELDS, record, strict=True))
        assert UUID.fullmatch(values["transaction_id"])
        assert values["transaction_id"] not in seen
        seen.add(values["transaction_id"])
        booked = datetime.strptime(values["timestamp"], "%Y-%m-%d %H:%M:%S")
        assert timedelta(0) <= BUSINESS_DATE - booked.date() <= timedelta(days=21)
        assert re.fullmatch(r"[1-9]\d*\.(\d|\d[1-9])", values["amount"])
        assert Decimal(values["amount"]) <= 1_000_000
        assert re.fullmatch(r"[A-Z]{3}", values["currency"])
        assert values["sender_account"] != values["receiver_account"]
        for side in ("sender", "receiver"):
            account = values[f"{side}_account"]
            assert account in own or iban.validate(account, check_country=False) == account
            assert values[f"{side}_country"] in names
        assert own & {values["sender_account"], values["receiver_account"]}
        assert values["transaction_type"] in ("incoming", "outgoing")


def test_currency_totals_are_clean_lines_plus_keyed_ones(day: Day) -> None:
    count: Counter[str] = Counter()
    amount: defaultdict[str, Decimal] = defaultdict(Decimal)
    for number, record in day.records.items():
        entry = day.entries.get(number)
        if entry is not None and entry["outcome"] != "accepted":
            continue
        values = dict(zip(FIELDS, record, strict=True))
        for correction in entry["corrections"] if entry else ():
            values[correction["field"]] = correction["clean"]
        count[values["currency"]] += 1
        amount[values["currency"]] += Decimal(values["amount"])
    assert day.key["currency_totals"] == {
        currency: {"accepted_count": count[currency], "accepted_amount": f"{amount[currency]:.2f}"}
        for currency in sorted(count)
    }


def test_type_contradictions_are_counted(day: Day) -> None:
    own = {account for *_, account in day.customers}
    count = 0
    for number, record in day.records.items():
        entry = day.entries.get(number, {"outcome": "accepted", "corrections": []})
        if entry["outcome"] != "accepted":
            continue
        sender = re.sub(r"[\s-]", "", record[4]).upper()
        read = {"incoming": False, "outgoing": True}.get(record[10].lower())
        count += read is not None and read != (sender in own)
    assert count == day.key["type_contradictions"]


def test_duplicates_and_conflicts_repeat_an_earlier_accepted_line(day: Day) -> None:
    def cleaned(number: int) -> list[str]:
        record = list(day.records[number])
        for correction in day.entries.get(number, {"corrections": []})["corrections"]:
            record[FIELDS.index(correction["field"])] = correction["clean"]
        record[2] = f"{Decimal(record[2]):.2f}"
        return record

    accepted: dict[str, list[str]] = {}
    repeats = 0
    for number in day.records:
        entry = day.entries.get(number)
        outcome = entry["outcome"] if entry else "accepted"
        if outcome == "accepted":
            record = cleaned(number)
            assert record[0] not in accepted
            accepted[record[0]] = record
        elif entry and "duplicate.exact" in entry["rule_ids"]:
            record = cleaned(number)
            assert accepted[record[0]] == record
            repeats += 1
        elif entry and "id.conflict" in entry["rule_ids"]:
            record = cleaned(number)
            assert accepted[record[0]] != record
            repeats += 1
    assert repeats == day.key["classes"]["duplicate.exact"] + day.key["classes"]["id.conflict"] > 20


def test_rejected_lines_that_come_again_in_order_are_clean(day: Day) -> None:
    rejected = {
        day.records[number][0]
        for number, entry in day.entries.items()
        if entry["outcome"] == "rejected" and "id.conflict" not in entry["rule_ids"]
    }
    assert sum(record[0] in rejected for record in day.clean.values()) >= 1


def test_flags_follow_from_the_clean_time(day: Day) -> None:
    zone = ZoneInfo("Europe/Stockholm")
    flags = Counter(flag for entry in day.entries.values() for flag in entry["flags"])
    for number, entry in day.entries.items():
        if number not in day.records or any(rule.startswith("ts.") for rule in entry["rule_ids"]):
            continue
        clean = {correction["field"]: correction["clean"] for correction in entry["corrections"]}
        local = datetime.fromisoformat(clean.get("timestamp", day.records[number][1]))
        is_stale = local.date() < BUSINESS_DATE - timedelta(days=60)
        occurs_twice = (
            local.replace(tzinfo=zone, fold=0).utcoffset()
            != local.replace(tzinfo=zone, fold=1).utcoffset()
        )
        assert ("ts.stale" in entry["flags"]) == is_stale
        assert ("ts.dst_ambiguous" in entry["flags"]) == occurs_twice
    assert flags["ts.stale"] >= 50
    assert flags["ts.dst_gap"] >= 1


def test_iso_times_and_the_missing_hour_mean_the_instant_they_say(day: Day) -> None:
    zone = ZoneInfo("Europe/Stockholm")
    seen = Counter()
    for entry in day.entries.values():
        for correction in entry["corrections"]:
            if correction["rule_id"] == "ts.iso":
                instant = datetime.fromisoformat(correction["raw"])
            elif correction["rule_id"] == "ts.dst_gap":
                instant = datetime.fromisoformat(correction["raw"] + "+01:00")
            else:
                continue
            seen[correction["rule_id"]] += 1
            local = instant.astimezone(zone).replace(tzinfo=None)
            assert correction["clean"] == str(local)
    assert seen["ts.iso"] >= 5
    assert seen["ts.dst_gap"] >= 1


def test_futures_are_two_days_ahead_or_more(day: Day) -> None:
    for number, entry in day.entries.items():
        if "ts.future" in entry["rule_ids"]:
            booked = datetime.fromisoformat(day.records[number][1]).date()
            assert timedelta(days=2) <= booked - BUSINESS_DATE <= timedelta(days=365)


def test_spoiled_accounts_are_what_their_rule_says(day: Day) -> None:
    own = {account for *_, account in day.customers}
    for number, entry in day.entries.items():
        if number not in day.records:
            continue
        accounts = day.records[number][4:6]
        cleaned = [re.sub(r"[\s-]", "", account).upper() for account in accounts]
        is_own_form = [bool(OWN_ACCOUNT.fullmatch(account)) for account in cleaned]
        strangers = [
            a for a, form in zip(cleaned, is_own_form, strict=True) if form and a not in own
        ]
        assert bool(strangers) == ("account.unknown_own" in entry["rule_ids"])
        assert ("" in cleaned) == ("account.missing" in entry["rule_ids"])
        foreign = [a for a, form in zip(cleaned, is_own_form, strict=True) if a and not form]
        invalid = [a for a in foreign if not iban.is_valid(a, check_country=False)]
        expected = {"account.malformed", "account.checksum"} & set(entry["rule_ids"])
        assert bool(invalid) == bool(expected)
        is_all_foreign = len(foreign) == 2 and not invalid
        assert is_all_foreign == ("account.no_own_side" in entry["rule_ids"])
        is_self = cleaned[0] == cleaned[1] != ""
        assert is_self == ("account.self_transfer" in entry["flags"])
