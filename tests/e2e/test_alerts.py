"""Alerts on the real database, held against what the generator planted, through a life of loads.

The days come out of order, one is withdrawn and comes again, and rates change what stands; after
each build all that detection holds stands as a full refresh makes it, and an alert keeps its id.
"""

from __future__ import annotations

import csv
import json
import math
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from psycopg2 import errors

from loaders import ledger
from loaders.database import connect
from loaders.errors import UnusableInputError
from loaders.generators.bank import generate_bank_days
from loaders.generators.bank.lines import HEADER
from loaders.generators.bank.patterns import read_attempts
from sluss.aml import comparison, decisions
from sluss.idle import DETECTION, selection
from tests.conftest import REPOSITORY, Database
from tests.e2e.dbt_in_process import ALL_BUT_MODELS, MODELS_AND_SEEDS_ONLY, Builder
from tests.e2e.detection import Held, assert_same, holdings
from tests.support import Row, loaded, rows

FIRST = date(2025, 5, 19)
DAYS = 5
# Which rule finds which pattern.
RULE_OF = {
    "burst": "velocity_burst",
    "smurfing": "smurfing",
    "chain": "layering_chain",
    "cycle": "round_trip",
    "structuring": "structuring_10000",
    "pass_through": "rapid_movement",
    "dormant": "dormant_reactivated",
}
# In no register but the last.
NEW_ACCOUNT, NEW_BUSY, WOKEN = (f"SE8902NEWA{number:014d}" for number in (1, 2, 3))
# What the marts of the bank's day say when all is made anew, other tests ask.
ANEW = ("--full-refresh", "--select", *selection(DETECTION))


@dataclass
class Life:
    """What stood after each step."""

    held: dict[str, Held] = field(default_factory=dict)
    alerts: dict[str, dict[str, Row]] = field(default_factory=dict)
    # Of the bursts: which transaction wrote the row of an account and day.
    writers: dict[str, dict[tuple[int, date], str]] = field(default_factory=dict)
    evidence: dict[str, set[str]] = field(default_factory=dict)
    attempts: dict[str, set[str]] = field(default_factory=dict)
    listed: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    fan_subject: str = ""
    burst_to_come: set[str] = field(default_factory=set)
    # Runs dbt once more in the database of the story.
    build: Callable[..., object] = print

    def look(self, step: str) -> None:
        self.held[step] = holdings()
        found = rows("select * from marts.fct_alerts")
        self.alerts[step] = {alert["alert_id"]: alert for alert in found}
        assert len(self.alerts[step]) == len(found), "an alert stands twice"
        self.writers[step] = {
            (each["subject_key"], each["alert_date"]): each["writer"]
            for each in rows(
                "select subject_key, alert_date, xmin::text as writer"
                " from intermediate.int_aml_hits__velocity_burst"
            )
        }


def _id(number: int) -> str:
    return str(uuid.UUID(int=(4 << 76) + (2 << 62) + number))


def _write(lines: list[list[str]], out: Path) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER.split(","), *lines])


def listed_lines(customers: Path, out: Path) -> dict[str, str]:
    """Writes a payment for every known way to write a black-listed country; returns id -> name.

    Before them stand 320 payments of the same account to another country.
    """
    with customers.open(encoding="utf-8", newline="") as file:
        own = [record[4] for record in csv.reader(file)][1]
    with (REPOSITORY / "seeds" / "country_aliases.csv").open(encoding="utf-8", newline="") as file:
        names = [
            form
            for row in csv.DictReader(file)
            if row["country_code"] in ("IR", "KP", "MM")
            for form in (row["alias"], f" {row['alias'].upper()}  ")
        ]
    abroad = "DE89370400440532013000"
    lines, ids = [], {}
    for number, name in enumerate(names):
        ids[transaction_id := _id(number)] = name
        sides = [own, abroad, "Sweden", "", name, ""]
        if number % 2:
            sides = [abroad, own, name, "", "Sweden", ""]
        lines.append([transaction_id, "2025-05-19 12:00:00", "1.00", "SEK", *sides, "outgoing", ""])
    # Told by the account alone.
    ids[transaction_id := _id(10_000)] = "an IBAN of Iran"
    iban = "IR580540105180021273113007"
    sides = [own, iban, "Sweden", "", "France", ""]
    # A round amount too, which normal lines are not, and large for the account.
    lines.append([transaction_id, "2025-05-19 12:00:00", "25000.00", "SEK", *sides, "outgoing", ""])
    # What the account did before: first digits that no honest account has, and 1.00 three times.
    sides = [own, abroad, "Sweden", "", "Germany", ""]
    for number in range(320):
        booked = datetime(2025, 5, 17, 8) + timedelta(minutes=6 * number)
        lines.append(
            [
                _id(20_000 + number),
                f"{booked:%Y-%m-%d %H:%M:%S}",
                "1.00" if number % 100 == 7 else f"{100 + number / 4:.2f}",
                "SEK",
                *sides,
                "outgoing",
                "",
            ]
        )
    _write(lines, out)
    return ids


def _own_accounts(customers: Path, taken: set[str]) -> list[str]:
    with customers.open(encoding="utf-8", newline="") as file:
        return [record[4] for record in [*csv.reader(file)][1:] if record[4] not in taken]


def _german_account(number: int) -> str:
    bban = f"{number:018d}"
    return f"DE{98 - int(bban + '131400') % 97:02d}{bban}"


def _incoming(number: int, at: datetime, sender: str, receiver: str) -> list[str]:
    sides = [sender, receiver, "Germany", "", "Sweden", ""]
    return [_id(number), f"{at:%Y-%m-%d %H:%M:%S}", "500.00", "SEK", *sides, "incoming", ""]


def fan_after_a_busy_day(account: str, out: Path) -> None:
    """Writes 8 payments in on the second day and 10, of as many payers, on the third."""
    second, third = datetime(2025, 5, 20, 9), datetime(2025, 5, 21, 9)
    lines = [
        _incoming(50_000 + number, at + timedelta(minutes=number), _german_account(number), account)
        for number, at in enumerate([second] * 8 + [third] * 10)
    ]
    _write(lines, out)


def burst_to_come(account: str, day: date, file: Path) -> set[str]:
    """Adds 12 payments out within a minute of a later day to a file; returns their ids."""
    sides = ["Sweden", "", "Germany", "", "outgoing", ""]
    lines = [
        [
            *(_id(55_000 + number), f"{day} 10:00:{5 * number:02d}", "300.00", "SEK"),
            *(account, _german_account(number), *sides),
        ]
        for number in range(12)
    ]
    with file.open("a", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(lines)
    return {line[0] for line in lines}


def register_with(accounts: Sequence[str], customers: Path, out: Path) -> None:
    """Writes the register with more accounts, of its last customer."""
    with customers.open(encoding="utf-8", newline="") as file:
        records = list(csv.reader(file))
    with out.open("w", encoding="utf-8", newline="") as file:
        more = [[*records[-1][:4], account] for account in accounts]
        csv.writer(file, lineterminator="\n").writerows([*records, *more])


def drawn_lines(customers: Path, out: Path, taken: set[str]) -> dict[str, tuple[str, set[str]]]:
    """Writes what rules in shadow look for; returns rule -> subject and its payments' ids.

    Accounts that are ``taken`` have no part in it.
    """
    own = _own_accounts(customers, taken)
    ours = {*own, NEW_ACCOUNT, NEW_BUSY, WOKEN}
    lines: list[list[str]] = []
    drawn: dict[str, tuple[str, set[str]]] = defaultdict(lambda: ("", set()))

    def draw(
        rule: str, subject: str, at: datetime, amount: str, sender: str, receiver: str
    ) -> None:
        number = _id(40_000 + len(lines))
        currency = "EUR" if rule == "structuring_5000" else "SEK"
        sides = [
            sender,
            receiver,
            *("Sweden" if sender in ours else "Germany", ""),
            *("Sweden" if receiver in ours else "Germany", ""),
        ]
        kind = "outgoing" if sender in ours else "incoming"
        lines.append([number, f"{at:%Y-%m-%d %H:%M:%S}", amount, currency, *sides, kind, ""])
        drawn[rule] = (subject, drawn[rule][1] | {number})

    abroad = [_german_account(100 + number) for number in range(40)]
    morning = datetime(2025, 5, 22, 9)
    next_day = morning + timedelta(days=1)
    for number in range(3):
        later = timedelta(minutes=20 * number)
        draw("scatter_gather", own[0], morning + later, "40000.00", abroad[0], own[1 + number])
        draw("scatter_gather", own[0], next_day + later, "38000.00", own[1 + number], own[0])
        draw("structuring_5000", own[6], morning + 3 * later, "4750.00", own[6], abroad[1])
    for number in range(4):
        later = timedelta(minutes=20 * number)
        draw("gather_scatter", own[4], morning + later, "110000.00", abroad[2 + number], own[4])
        draw("gather_scatter", own[4], next_day + later, "105000.00", own[4], abroad[6 + number])
    draw("matched_legs", own[5], morning, "120000.00", abroad[10], own[5])
    draw("matched_legs", own[5], morning + timedelta(hours=4), "118000.00", own[5], abroad[11])
    for number in range(30):
        later = timedelta(minutes=10 * number)
        draw("fan_in", own[7], morning + later, "500.00", abroad[number], own[7])
        draw("fan_out", own[8], morning + later, "500.00", own[8], abroad[number])
    draw("new_account_in_heavy_use", NEW_ACCOUNT, next_day, "150000.00", abroad[12], NEW_ACCOUNT)
    draw("none", WOKEN, morning - timedelta(days=100), "500.00", WOKEN, abroad[12])
    for number in range(25):
        later = timedelta(minutes=10 * number)
        # Before the day of the register, so that it is not taken for new.
        draw("dormant_busy", WOKEN, morning + later, "500.00", WOKEN, abroad[12])
        draw("new_account_busy", NEW_BUSY, next_day + later, "500.00", NEW_BUSY, abroad[12])
    _write(lines, out)
    return dict(drawn)


@pytest.fixture(scope="module")
def life(
    make_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Life]:
    told = Life()
    folder = tmp_path_factory.mktemp("run")
    plant = read_attempts(["all=3", "burst=4", "smurfing=5"])
    made = generate_bank_days(2_000, 25, folder, DAYS, plant, FIRST, accounts=900)
    days = [each.business_date for each in made]
    attempts = defaultdict(set)
    for day in days:
        key = json.loads((folder / day.isoformat() / "key.json").read_text(encoding="utf-8"))
        for label in key["planted"]:
            if label["role"] != "before":
                attempts[label["attempt"]].add(label["transaction_id"])
    told.attempts = dict(attempts)
    planted = set().union(*attempts.values())
    taken: set[str] = set()
    for day in days:
        text = (folder / day.isoformat() / "transactions.csv").read_text("utf-8", errors="replace")
        for line in text.splitlines():
            fields = line.split(",")
            # Those that move large amounts anyway, too: what is drawn is to be all there is.
            if fields[0] in planted or re.match(r"[1-9]\d{4,}", fields[2] if fields[2:] else ""):
                taken.update(fields[4:6])

    def load(day: date, again: bool = False) -> int:
        path = folder / day.isoformat() / "transactions.csv"
        return loaded("bank_transactions", path, day, again=again)

    with make_database() as database:
        builder = Builder(database, folder, bank_only=True, with_detection=True)

        def build(*options: str, seeds: bool = False) -> None:
            builder(*options, leave_out=MODELS_AND_SEEDS_ONLY if seeds else ALL_BUT_MODELS)

        told.build = build
        customers = folder / FIRST.isoformat() / "customers.csv"
        loaded("bank_customers", customers, FIRST)
        fan_file = folder / "fan.csv"
        told.fan_subject, sender, other = _own_accounts(customers, taken)[:3]
        taken |= {told.fan_subject, sender, other}
        fan_after_a_busy_day(told.fan_subject, fan_file)
        loaded("bank_transactions", fan_file, days[2])
        first_file = folder / FIRST.isoformat() / "transactions.csv"
        told.burst_to_come = burst_to_come(sender, days[4], first_file)
        load(days[0])
        load(days[2])
        withdrawn = load(days[3])
        # No rates: foreign payments stand without an amount in SEK, and are restated later.
        build(seeds=True)
        told.look("three days")
        load(days[1])
        loaded("fx_rates", None)
        ledger.withdraw(withdrawn, "a test")
        build()
        told.look("one withdrawn")
        build(*ANEW)
        told.look("one withdrawn, all anew")
        load(days[3], again=True)
        load(days[4])
        listed_file = folder / "listed.csv"
        told.listed = listed_lines(customers, listed_file)
        loaded("bank_transactions", listed_file, days[4])
        register = folder / "customers.csv"
        register_with((NEW_ACCOUNT, NEW_BUSY, WOKEN), customers, register)
        loaded("bank_customers", register, days[4])
        # Of a day long before: the bank's files now begin there.
        before = FIRST - timedelta(days=10)
        at = datetime(before.year, before.month, before.day, 12)
        _write([_incoming(60_000, at, _german_account(1), other)], folder / "before.csv")
        loaded("bank_transactions", folder / "before.csv", before)
        drawn_file = folder / "drawn.csv"
        told.drawn = drawn_lines(customers, drawn_file, taken)
        loaded("bank_transactions", drawn_file, days[4])
        build()
        told.look("all")
        build(*ANEW)
        told.look("all, all anew")
        for each in rows(
            "select alert_id, transaction_id::text from marts.bridge_alert_transactions"
        ):
            told.evidence.setdefault(each["alert_id"], set()).add(each["transaction_id"])
        yield told


@pytest.mark.parametrize("step", ["one withdrawn", "all"])
def test_a_life_of_loads_ends_where_a_full_refresh_does(life: Life, step: str) -> None:
    built, anew = life.held[step], life.held[f"{step}, all anew"]
    for name, standing in anew.items():
        assert standing, f"{name} is empty: nothing was compared"
    assert_same(built, anew)
    # What came and went changed something.
    assert life.held["three days"]["int_aml_hits__united"] - built["int_aml_hits__united"]


def test_windows_that_nothing_touched_are_not_judged_again(life: Life) -> None:
    before, after = life.writers["three days"], life.writers["one withdrawn"]
    # A day came late and one was withdrawn: the bursts of the two others stand as written.
    untouched = {each for each in before if each[1] in (FIRST, FIRST + timedelta(days=2))}
    assert len(untouched) > 1
    assert {each: after.get(each) for each in untouched} == {e: before[e] for e in untouched}
    withdrawn = {each for each in before if each[1] == FIRST + timedelta(days=3)}
    assert withdrawn.isdisjoint(after)


def test_alerts_keep_their_id_through_rebuilds(life: Life) -> None:
    assert life.alerts["all"] == life.alerts["all, all anew"]
    # Of the first day nothing earlier came since, but for single late lines: they may tell of an
    # account that it was not silent. All other alerts of it stand under their ids to the end.
    first = {
        each: alert["rule_id"]
        for each, alert in life.alerts["one withdrawn"].items()
        if alert["alert_date"] == FIRST
    }
    assert len(first) > 2
    gone = {first[each] for each in first.keys() - life.alerts["all"].keys()}
    assert gone <= {"dormant_reactivated"}


@pytest.mark.parametrize("pattern", RULE_OF)
def test_every_planted_attempt_is_found_with_its_payments(life: Life, pattern: str) -> None:
    alerts = life.alerts["all"]
    attempts = {name: ids for name, ids in life.attempts.items() if name.startswith(f"{pattern}-")}
    assert attempts
    missed = {
        name
        for name, ids in attempts.items()
        if not any(
            alerts[alert]["rule_id"] == RULE_OF[pattern] and evidence >= ids
            for alert, evidence in life.evidence.items()
            if alert in alerts
        )
    }
    assert missed == set()


@pytest.mark.parametrize(
    "rule_id",
    [
        "scatter_gather",
        "gather_scatter",
        "matched_legs",
        "fan_in",
        "fan_out",
        "structuring_5000",
        "new_account_in_heavy_use",
        "new_account_busy",
        "dormant_busy",
    ],
)
def test_rules_in_shadow_find_what_was_drawn_for_them(life: Life, rule_id: str) -> None:
    subject, ids = life.drawn[rule_id]
    found = {
        alert["alert_id"]: alert
        for alert in rows("select * from marts.fct_shadow_alerts")
        if alert["rule_id"] == rule_id
    }
    whole = [each for each in found if life.evidence[each] >= ids]
    assert [found[each]["subject_account"] for each in whole] == [subject]
    # Nobody else is thought to have done it.
    others = found.keys() - set(whole)
    assert [each for each in others if life.evidence[each] & ids] == []


def test_a_burst_that_waited_for_its_day_is_found(life: Life) -> None:
    found = [
        alert["rule_id"]
        for alert in life.alerts["all"].values()
        if life.evidence[alert["alert_id"]] >= life.burst_to_come
    ]
    assert found == ["velocity_burst"]


def test_a_fan_is_held_against_as_many_days_as_the_bank_has(life: Life) -> None:
    """10 payers after 8 the day before: usual in a month of two days, and not in one of twelve."""
    key = rows(
        "select account_key from intermediate.int_aml_accounts__keyed where account = %s",
        (life.fan_subject,),
    )[0]["account_key"]

    def fans(step: str) -> set[str]:
        hits = [json.loads(hit) for hit in life.held[step]["int_aml_hits__united"]]
        return {
            hit["alert_date"]
            for hit in hits
            if (hit["rule_id"], hit["subject_key"]) == ("fan_in", key)
        }

    assert "2025-05-21" not in fans("one withdrawn")
    assert "2025-05-21" in fans("all")


def test_heavy_days_are_those_above_nearly_all_of_their_delivery(life: Life) -> None:
    days_of: dict[int, list[Row]] = defaultdict(list)
    for each in rows("select * from marts.fct_account_movements"):
        days_of[each["_load_id"]].append(each)
    about = {
        each["load_id"]: each["business_date"]
        for each in rows("select * from intermediate.int_aml_loads__profiled")
    }

    def most(day: Row, what: str) -> Decimal:
        return Decimal(max(day[f"incoming_{what}"], day[f"outgoing_{what}"]))

    expected = Counter()
    limits, hundredths = set(), set()
    for load_id, days in days_of.items():
        timely = [day for day in days if day["movement_date"] <= about[load_id] + timedelta(days=1)]
        lines: Counter[date] = Counter()
        for day in timely:
            lines[day["movement_date"]] += day["incoming_count"] + day["outgoing_count"]
        usual = {each for each, count in lines.items() if count >= 0.003 * lines.total()}
        segment = [day for day in timely if day["movement_date"] in usual]
        for measure, what, percent in (
            ("account_amount", "amount_sek", 99),
            ("account_count", "count", 95),
        ):
            sizes = sorted(most(day, what) for day in segment)
            # A hundredth of fewer than a hundred is none: all of them are looked at.
            at = {each: sizes[-(-len(sizes) * each // 100) - 1] for each in range(1, 101)}
            limit, heavy = (at[percent], at[99]) if len(sizes) >= 100 else (None, None)
            if limit is not None:
                hundredths.update((load_id, measure, *each) for each in at.items())
            limits.add((measure, limit is None))
            expected.update(
                (
                    *(load_id, measure, day["own_account"], day["movement_date"], heavy),
                    heavy is None or most(day, what) >= heavy,
                )
                for day in days
                if limit is None or most(day, what) >= limit
            )
    assert len(limits) == 4
    assert hundredths == {
        (each["_load_id"], each["measure"], each["percentile"], each["upper_limit"])
        for each in rows("select * from intermediate.int_aml_load_sizes__measured")
    }
    columns = ("_load_id", "measure", "own_account", "movement_date", "heavy_limit", "is_heavy")
    found = rows("select * from intermediate.int_aml_account_days__heavy")
    assert Counter(tuple(each[name] for name in columns) for each in found) == expected


@pytest.mark.parametrize("rule_id", ["velocity_burst", "smurfing"])
def test_normal_lines_raise_no_alert_of_the_two_rules(life: Life, rule_id: str) -> None:
    planted = life.burst_to_come.union(*life.attempts.values())
    found = [alert for alert in life.alerts["all"].values() if alert["rule_id"] == rule_id]
    assert found
    assert [a["reason"] for a in found if not life.evidence[a["alert_id"]] & planted] == []


def test_every_way_to_write_a_black_listed_country_alerts(life: Life) -> None:
    raised = {
        str(alert["transaction_id"])
        for alert in life.alerts["all"].values()
        if alert["rule_id"] == "black_list"
    }
    assert len(life.listed) > 60
    assert {name for each, name in life.listed.items() if each not in raised} == set()


def test_modifiers_are_met_by_the_payments_that_show_them(life: Life) -> None:
    lines = rows(
        "select scores.modifiers, scores.modifier_points, facts.amount_sek, facts.sender_account,"
        " facts.receiver_account, facts.sender_country, facts.receiver_country, facts.booked_date,"
        " facts.booked_at at time zone 'Europe/Stockholm' as local"
        " from marts.fct_transaction_scores as scores"
        " inner join marts.fct_transactions as facts using (transaction_id)"
    )
    seed = (REPOSITORY / "seeds" / "aml_jurisdictions.csv").read_text(encoding="utf-8")
    listed = [each for each in csv.DictReader(seed.splitlines()) if each["list"] == "grey"]
    points = {"grey_list": 15, "round_amount": 2, "off_hours": 2, "self_transfer": 2}
    seen: Counter[str] = Counter()
    for line in lines:
        met = set(line["modifiers"]) - {"new_counterparty_large"}
        sides = {line["sender_country"], line["receiver_country"]}
        sides |= {line["sender_account"][:2], line["receiver_account"][:2]}
        day = line["booked_date"].isoformat()
        is_met = {
            "grey_list": any(
                each["country_code"] in sides
                and each["valid_from"] <= day
                and (not each["valid_to"] or day < each["valid_to"])
                for each in listed
            ),
            "round_amount": bool(line["amount_sek"]) and line["amount_sek"] % 1000 == 0,
            "off_hours": line["local"].hour < 5,
            "self_transfer": line["sender_account"] == line["receiver_account"],
        }
        assert {name for name, is_so in is_met.items() if is_so} == met
        extra = 10 if "new_counterparty_large" in line["modifiers"] else 0
        assert line["modifier_points"] == sum(points[name] for name in met) + extra
        seen.update(met)
    assert seen.keys() == points.keys()


def test_evidence_is_held_against_the_past_of_its_account(life: Life) -> None:
    payments = {
        str(each["transaction_id"]): each for each in rows("select * from marts.fct_transactions")
    }
    histories: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for each in payments.values():
        # Without an amount in SEK a payment is no part of anything that is usual.
        if each["amount_sek"]:
            histories["sent", each["sender_account"]].append(each)
            histories["received", each["receiver_account"]].append(each)
    points = {"unusual_size": 10, "new_country": 5, "repeated_amount": 0, "benford": 2}
    seen: Counter[str] = Counter()
    shown = rows("select * from marts.rpt_alert_transactions")
    assert {(each["alert_id"], str(each["transaction_id"])) for each in shown} == {
        (alert, payment) for alert, evidence in life.evidence.items() for payment in evidence
    }
    for each in shown:
        payment = payments[str(each["transaction_id"])]
        is_sent = payment["direction"] != "incoming"
        leg, other = ("sent", "receiver") if is_sent else ("received", "sender")
        country = payment[f"{other}_country"]
        history = [
            one
            for one in histories[leg, payment["own_account"]]
            if one["booked_at"] < payment["booked_at"]
        ]
        past = {
            days: [
                one
                for one in history
                if one["booked_at"] >= payment["booked_at"] - timedelta(days=days)
            ]
            for days in (7, 30, 90)
        }
        amounts = sorted(one["amount_sek"] for one in past[30])
        median = amounts[math.ceil(len(amounts) * 0.5) - 1] if amounts else None
        high = amounts[math.ceil(len(amounts) * 0.95) - 1] if amounts else None
        same = sum(one["amount_sek"] == payment["amount_sek"] for one in past[7])
        countries = [one[f"{other}_country"] for one in past[90]]
        digits = Counter(str(amount)[0] for amount in amounts if amount >= 1)
        chi_square = _chi_square_of(digits) if digits else None
        assert (each["earlier_count"], each["median_amount_sek"], each["high_amount_sek"]) == (
            len(amounts),
            median,
            high,
        )
        assert (each["same_amount_count"], each["same_country_count"], each["digits_count"]) == (
            same,
            sum(one is not None and one == country for one in countries),
            digits.total(),
        )
        assert (each["digits_chi_square"] is None) == (chi_square is None)
        assert float(each["digits_chi_square"] or 0) == pytest.approx(chi_square or 0, abs=0.01)
        amount = payment["amount_sek"] or 0
        is_met = {
            "unusual_size": len(amounts) >= 10
            and amount >= max(3 * (median or 0), 20_000)
            and amount > (high or 0),
            "new_country": sum(one is not None for one in countries) >= 10
            and country is not None
            and country not in countries,
            "repeated_amount": same >= 2,
            "benford": digits.total() >= 300 and (chi_square or 0) >= 26.12,
        }
        met = {name for name, is_so in is_met.items() if is_so}
        assert met == points.keys() & set(each["modifiers"])
        seen.update(met)
    assert seen.keys() == points.keys()
    # Beside them stand those of the payment itself, and all of the points.
    weights = {
        each["rule_id"]: each["points"] for each in rows("select * from reference.aml_rules")
    }
    scores = {
        str(each["transaction_id"]): each
        for each in rows("select * from marts.fct_transaction_scores")
    }
    for each in shown:
        assert set(scores[str(each["transaction_id"])]["modifiers"]) == (
            set(each["modifiers"]) - points.keys()
        )
        assert each["modifier_points"] == sum(weights[name] for name in each["modifiers"])
        assert each["points"] == scores[str(each["transaction_id"])]["points"]


def _chi_square_of(digits: Counter[str]) -> float:
    expected = {str(digit): digits.total() * math.log10(1 + 1 / digit) for digit in range(1, 10)}
    return sum((digits[digit] - usual) ** 2 / usual for digit, usual in expected.items())


def test_an_alert_explains_itself(life: Life) -> None:
    for alert in life.alerts["all"].values():
        assert alert["value"] >= alert["threshold"]
        assert alert["subject_account"]
        assert alert["window_start_at"] <= alert["alert_at"] <= alert["last_hit_at"]
        assert alert["transaction_count"] <= len(life.evidence[alert["alert_id"]])
        assert f"threshold={alert['threshold']:f}".rstrip("0").rstrip(".") in alert["parameters"]
        share = alert["segment_percentile"]
        assert alert["reason"].endswith(
            " a day." if share is None else f" a day, and {share} of 100 accounts stay below this."
        )
    assert {each["segment_percentile"] is None for each in life.alerts["all"].values()} == {
        True,
        False,
    }
    burst = next(a for a in life.alerts["all"].values() if a["rule_id"] == "velocity_burst")
    assert "100 payments to 100 different receivers within 4 min 59 s" in burst["reason"]
    assert "The rule asks for 10 receivers in 5 minutes" in burst["reason"]


# --- what people decide ---------------------------------------------------------------------------


def execute(statement: str) -> None:
    with closing(connect("sluss tests")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def one_alert(rule_id: str, number: int = 0) -> Row:
    return rows(
        "select * from marts.fct_alerts where rule_id = %s order by alert_id offset %s limit 1",
        (rule_id, number),
    )[0]


def test_the_newest_decision_holds_and_gives_a_rule_its_precision(life: Life) -> None:
    first, second = one_alert("velocity_burst"), one_alert("velocity_burst", 1)
    with pytest.raises(UnusableInputError, match="needs one of these reasons: known_business"):
        decisions.decide(first["alert_id"], "false_positive")
    decisions.decide(first["alert_id"][:12], "false_positive", "wrong_data")
    decisions.decide(first["alert_id"], "confirmed")
    decisions.decide(second["alert_id"], "false_positive", "known_business")
    assert one_alert("velocity_burst")["disposition"] == "confirmed"
    (rule,) = [rule for rule in decisions.rules() if rule["rule_id"] == "velocity_burst"]
    assert (rule["confirmed_count"], rule["false_positive_count"]) == (1, 1)
    assert float(rule["precision_share"]) == 0.5
    assert rule["main_false_positive_reason"] == "known_business"
    assert len(rows("select * from ops.alert_dispositions")) == 3


@pytest.mark.parametrize("statement", ["update ops.{} set rule_id = 'x'", "delete from ops.{}"])
@pytest.mark.parametrize("table", ["alert_dispositions", "rule_suppressions"])
def test_decisions_are_never_changed(life: Life, statement: str, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="only grows"):
        rows(statement.format(table))


def test_a_suppressed_alert_is_logged_all_the_same(life: Life) -> None:
    alert = one_alert("smurfing")

    def suppress(until: date) -> None:
        account, why = alert["subject_account"], "a known charity"
        decisions.suppress("smurfing", account, until, why, date(2025, 5, 1))

    suppress(date(2025, 5, 31))
    after = one_alert("smurfing")
    assert (after["is_suppressed"], after["suppressed_until"]) == (True, date(2025, 5, 31))
    assert decisions.alerts(rule_id="smurfing")[-1]["alert_id"] == alert["alert_id"]
    assert {**after, "is_suppressed": False, "suppressed_until": None} == alert
    # The newest word on a rule and an account holds.
    suppress(date(2025, 5, 1))
    assert one_alert("smurfing") == alert
    with pytest.raises(UnusableInputError, match="in no register"):
        decisions.suppress("smurfing", "SE8902ABCD00000000000000", date(2025, 5, 31), "x", FIRST)


def test_an_alert_is_shown_with_its_payments(life: Life) -> None:
    alert = one_alert("velocity_burst")
    shown = decisions.alert(alert["alert_id"][:10])
    assert {each["transaction_id"] for each in shown["transactions"]} == life.evidence[
        alert["alert_id"]
    ]
    # The first payments of a burst are in its evidence.
    assert min(each["booked_at"] for each in shown["transactions"]) == shown["window_start_at"]


# Last, for they change the rules of the module's database.


def test_two_versions_of_a_rule_are_compared(life: Life) -> None:
    days = (date(2025, 5, 19), date(2025, 5, 31))

    def compared() -> tuple[int, int, int]:
        found = comparison.compare("smurfing@v1", "smurfing@v2", *days)
        return len(found.gained), len(found.lost), found.kept_count

    with pytest.raises(UnusableInputError, match="There is no smurfing@v2"):
        compared()
    before = set(life.alerts["all"])
    execute(
        "insert into reference.aml_rules select rule_id, 2, role, 'draft', live_from, live_to, "
        "typology, title, unit, 11, 6, window_minutes, floor_sek, low_share, high_share, "
        "companion_threshold, points, source, reason, measured "
        "from reference.aml_rules where rule_id = 'smurfing'"
    )
    with pytest.raises(UnusableInputError, match="smurfing@v2 is a draft"):
        compared()
    execute("update reference.aml_rules set status = 'shadow' where version = 2")
    # A new version is a setting that changed: the rule starts anew by itself.
    life.build("--select", "int_aml_hits__smurfing")
    assert compared() == (0, 5, 0)
    # The threshold moves within what is stored, and nothing runs.
    execute("update reference.aml_rules set threshold = 7 where version = 2")
    assert compared() == (0, 0, 5)
    assert {alert["alert_id"] for alert in rows("select alert_id from marts.fct_alerts")} == before
    assert {a["version"] for a in rows("select version from marts.fct_shadow_alerts")} == {1, 2}


def test_a_retired_rule_keeps_the_alerts_of_its_time(life: Life) -> None:
    before = {alert["alert_id"]: alert["known_date"] for alert in life.alerts["all"].values()}
    execute(
        "update reference.aml_rules set status = 'retired', live_to = '2025-05-21' "
        "where rule_id = 'velocity_burst'"
    )
    after = {alert["alert_id"] for alert in rows("select alert_id from marts.fct_alerts")}
    gone = {each for each in before if each not in after}
    bursts = {each for each in before if life.alerts["all"][each]["rule_id"] == "velocity_burst"}
    assert gone == {each for each in bursts if before[each] >= date(2025, 5, 21)}
