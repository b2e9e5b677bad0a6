"""What must become of every line, worked out a second time: plain Python, from the feed's rules.

Knows nothing of SQL or of earlier builds: it takes the loads that stand and judges them from the
start, in the order they came. Only the rules that the random histories need are here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

OWN = "SE8902"
OWN_LENGTH = 24
DAY = timedelta(days=1)
CENT = Decimal("0.01")

Key = tuple[int, int]  # load and line number
Outcome = tuple[str, frozenset[str]]
Rates = dict[date, dict[str, Decimal | None]]


@dataclass(frozen=True)
class Line:
    """A line of transactions as it is written; its time is Stockholm's."""

    transaction_id: str
    booked: datetime
    amount_text: str
    currency: str
    sender: str
    receiver: str
    note: str = ""

    @property
    def amount(self) -> Decimal | None:
        """The amount that is meant, None where nobody can tell."""
        try:
            return Decimal(self.amount_text.strip().replace(",", "."))
        except ArithmeticError:
            return None

    @property
    def content(self) -> tuple[Any, ...]:
        """What makes two lines of one id the same."""
        return (self.booked, self.amount, self.currency, self.sender, self.receiver, self.note)

    @property
    def own_accounts(self) -> list[str]:
        """The accounts that should be ours."""
        return [
            each
            for each in (self.sender, self.receiver)
            if each.startswith(OWN) and len(each) == OWN_LENGTH
        ]

    def correction(self) -> tuple[str, str, str, str] | None:
        """The corrected field: its name, raw and clean value, and the rule."""
        rule = "amount.decimal_comma" if "," in self.amount_text else "amount.trimmed"
        clean = f"{self.amount:.2f}" if self.amount is not None else ""
        return None if self.amount_text == clean else ("amount", self.amount_text, clean, rule)


@dataclass
class Delivery:
    """A load, and what stands in its file: lines, the register's accounts, or rates by day."""

    load_id: int
    feed: str
    day: date
    path: Path
    lines: list[Line] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    rates: Rates = field(default_factory=dict)
    is_withdrawn: bool = False


@dataclass(frozen=True)
class Fact:
    """An accepted line, in as far as the rules decide its values."""

    transaction_id: str
    booked_date: date
    business_date: date
    amount: Decimal
    currency: str
    amount_sek: Decimal | None
    fx_rate_date: date | None
    fx_flags: frozenset[str]


@dataclass
class Verdict:
    """What must be in the marts."""

    gates: dict[int, str] = field(default_factory=dict)
    # Outcomes counted by load: of held loads too.
    counts: dict[int, dict[str, int]] = field(default_factory=dict)
    outcomes: dict[Key, Outcome] = field(default_factory=dict)
    facts: dict[Key, Fact] = field(default_factory=dict)
    corrections: dict[Key, tuple[str, str, str, str]] = field(default_factory=dict)


def judge(deliveries: Iterable[Delivery]) -> Verdict:
    """Judges all that was delivered and not withdrawn."""
    standing = sorted(
        (each for each in deliveries if not each.is_withdrawn), key=lambda each: each.load_id
    )
    verdict = Verdict()
    registers = _judge_registers(standing, verdict)
    prices = _Prices(standing)
    days = [each for each in standing if each.feed == "bank_transactions"]
    clock = max((each.day for each in days), default=date.min)
    accepted: dict[str, Line] = {}  # by id, of published loads
    for load in days:
        _judge_day(load, _register_for(load, registers), clock, accepted, prices, verdict)
    return verdict


# --- registers ------------------------------------------------------------------------------------


def _judge_registers(standing: list[Delivery], verdict: Verdict) -> list[Delivery]:
    """Judges the registers; returns those that count, one a business date, by date."""
    of_day: dict[date, Delivery] = {}
    for load in standing:
        if load.feed != "bank_customers":
            continue
        bad = [n for n, each in enumerate(load.accounts, 2) if len(each) != OWN_LENGTH]
        is_held = len(bad) * 10 > len(load.accounts)
        verdict.gates[load.load_id] = "held" if is_held else "published"
        if not is_held:
            of_day[load.day] = load
            for line_no in bad:
                verdict.outcomes[load.load_id, line_no] = (
                    "rejected",
                    frozenset({"customer.account_malformed"}),
                )
    return [of_day[day] for day in sorted(of_day)]


def _register_for(load: Delivery, registers: list[Delivery]) -> Delivery | None:
    """The register in force; where it does not fit, the first one for a later day that does."""
    if not registers:
        return None
    in_force = next((each for each in reversed(registers) if each.day <= load.day), registers[0])
    later = [each for each in registers if each.day > load.day and each is not in_force]
    return next((each for each in [in_force, *later] if _fits(load, each)), in_force)


def _fits(load: Delivery, register: Delivery) -> bool:
    mentions = [account for line in load.lines for account in line.own_accounts]
    unknown = sum(account not in register.accounts for account in mentions)
    return unknown * 20 <= len(mentions)


# --- rates ----------------------------------------------------------------------------------------


class _Prices:
    """The newest file of rates: of the latest business date, of these the last delivered."""

    def __init__(self, standing: list[Delivery]) -> None:
        files = [each for each in standing if each.feed == "fx_rates"]
        newest = max(files, key=lambda each: (each.day, each.load_id), default=None)
        self._rates = newest.rates if newest else {}
        krona_days = [day for day, rates in self._rates.items() if rates.get("SEK")]
        self._newest_day = max(krona_days, default=date.min)

    def convert(
        self, amount: Decimal, currency: str, day: date
    ) -> tuple[Decimal | None, date | None, frozenset[str]]:
        if currency == "SEK":
            return amount, day, frozenset()
        days = [
            each
            for each, rates in self._rates.items()
            if rates.get("SEK") and (currency == "EUR" or rates.get(currency))
        ]
        found = max((each for each in days if each <= day), default=None)
        ten = 10 * DAY
        if found is None or (
            found == max(days) and found + ten < self._newest_day and found + ten <= day
        ):
            return None, None, frozenset({"fx.no_rate"})
        krona = self._rates[found]["SEK"]
        units = Decimal(1) if currency == "EUR" else self._rates[found][currency]
        assert krona is not None
        assert units is not None
        rate = (krona / units).quantize(Decimal("1e-16"))
        in_sek = (amount * rate).quantize(CENT, ROUND_HALF_EVEN)
        return in_sek, found, frozenset({"fx.stale_rate"} if day - found > ten else ())


# --- days -----------------------------------------------------------------------------------------


def _judge_day(
    load: Delivery,
    register: Delivery | None,
    clock: date,
    accepted: dict[str, Line],
    prices: _Prices,
    verdict: Verdict,
) -> None:
    known = set(register.accounts) if register else None
    outcomes: dict[int, Outcome] = {}
    first_of: dict[str, Line] = {}
    unknown_lines = 0
    for line_no, line in enumerate(load.lines, 2):
        rules = set()
        booked = line.booked.date()
        if line.amount is None:
            rules.add("amount.not_a_number")
        if booked > load.day + DAY and booked > clock + DAY:
            rules.add("ts.future")
        if known is None or not known.issuperset(line.own_accounts):
            rules.add("account.unknown_own")
            unknown_lines += 1
        if rules:
            outcomes[line_no] = ("rejected", frozenset(rules))
            continue
        first = accepted.get(line.transaction_id) or first_of.get(line.transaction_id)
        if first is None:
            first_of[line.transaction_id] = line
            outcomes[line_no] = ("accepted", frozenset())
        elif first.content == line.content:
            outcomes[line_no] = ("duplicate", frozenset({"duplicate.exact"}))
        else:
            outcomes[line_no] = ("rejected", frozenset({"id.conflict"}))

    found = [outcome for outcome, _ in outcomes.values()]
    counts = {each: found.count(each) for each in ("accepted", "rejected", "duplicate")}
    is_held = (
        (known is None and bool(load.lines))
        or unknown_lines * 20 > len(load.lines)
        or counts["rejected"] * 10 > len(load.lines)
    )
    verdict.gates[load.load_id] = "held" if is_held else "published"
    verdict.counts[load.load_id] = counts
    if is_held:
        return
    accepted.update(first_of)
    for line_no, outcome in outcomes.items():
        key, line = (load.load_id, line_no), load.lines[line_no - 2]
        verdict.outcomes[key] = outcome
        if outcome[0] != "accepted":
            continue
        assert line.amount is not None
        verdict.facts[key] = Fact(
            line.transaction_id,
            line.booked.date(),
            load.day,
            line.amount,
            line.currency,
            *prices.convert(line.amount, line.currency, line.booked.date()),
        )
        correction = line.correction()
        if correction:
            verdict.corrections[key] = correction
