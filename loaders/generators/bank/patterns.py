"""Suspicious patterns to plant among normal lines: who pays whom, when, how much, in which role.

Each pattern is the textbook form of a typology, with its numbers in one place:

burst        an own account pays 100 foreign accounts, 100 to 1,000 SEK each, within 300 seconds
smurfing     a quiet own account receives 10 payments of 5 to 160 units from 10 countries, spread
             over the run of days
chain        4 hops from own account to own account, each keeping 90 to 99 % of the amount
cycle        3 or 4 hops back to the origin, 90 to 99 % kept a hop
structuring  4 payments abroad of 9,100 to 9,950 EUR, just under the line of 10,000
pass_through 3 payments in, 2 out again within hours, 92 to 99 % of the value
dormant      an own account, silent since a payment of more than 100 days before, receives three
             large ones

The accounts of smurfing and dormant attempts get no normal lines: in an account with forty payments
a day, ten small ones more are nothing that anybody could see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from random import Random

from loaders.errors import UnusableInputError
from loaders.generators.bank import draw
from loaders.generators.bank.places import SWEDEN, Country
from loaders.generators.bank.register import Party
from loaders.generators.bank.stockholm import is_change_day

# How many attempts of each pattern `--plant all` makes: bursts and smurfing as in the bank's files.
DEFAULT_ATTEMPTS = {
    "burst": 50,
    "smurfing": 30,
    "chain": 10,
    "cycle": 10,
    "structuring": 10,
    "pass_through": 10,
    "dormant": 10,
}
BURST_PAYMENTS, BURST_SECONDS = 100, 300
SMURFING_PAYMENTS = 10
DORMANT_DAYS = 100


@dataclass(frozen=True, slots=True)
class Side:
    """An account on one side of a payment, with the country of its column."""

    account: str
    country: Country
    is_own: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """One planted payment: local time, both sides, and its place in the attempt."""

    pattern: str
    attempt: str
    role: str
    hop: int
    arrives: date
    booked: datetime
    sender: Side
    receiver: Side
    cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All planted payments of a run of days, and the accounts that normal lines leave alone."""

    payments: tuple[Payment, ...]
    quiet: frozenset[str]

    def on(self, day: date) -> tuple[Payment, ...]:
        """Returns the payments in the file of ``day``."""
        return tuple(payment for payment in self.payments if payment.arrives == day)


class _Planner:
    """Draws attempts; guards the random stream and the accounts that are taken already."""

    def __init__(
        self, rng: Random, accounts: Sequence[str], parties: Sequence[Party], days: Sequence[date]
    ) -> None:
        self.rng = rng
        self.free = draw.shuffled(rng, accounts)
        self.parties = parties
        self.days = days
        self.quiet: set[str] = set()
        self.payments: list[Payment] = []
        self.label = ("", "")

    def own(self, quiet: bool = False) -> Side:
        if not self.free:
            raise UnusableInputError(
                "There are too few accounts for so many planted attempts: give more --accounts, or "
                "fewer attempts"
            )
        account = self.free.pop()
        if quiet:
            self.quiet.add(account)
        return Side(account, SWEDEN, True)

    def abroad(self, count: int, countries: int = 1) -> list[Side]:
        """Returns ``count`` different foreign accounts, of so many different countries at least."""
        sides: list[Side] = []
        seen: set[str] = set()
        for party in draw.shuffled(self.rng, self.parties):
            is_new = party.country.code not in seen
            if party.country is not SWEDEN and (is_new or len(seen) >= countries):
                sides.append(Side(party.account, party.country, False))
                seen.add(party.country.code)
            if len(sides) == count:
                return sides
        raise UnusableInputError(
            f"There are fewer than {count} foreign accounts to plant a pattern with: give more "
            "--accounts"
        )

    def start(self, hours: int) -> datetime:
        """Returns a local time from which ``hours`` are left in the run, none at night."""
        last = max(0, len(self.days) - 1 - hours // 24)
        day = self.days[draw.below(self.rng, last + 1)]
        latest = max(7, 22 - hours) if hours < 24 else 12
        clock = time(draw.between(self.rng, 7, latest), draw.below(self.rng, 60))
        return datetime.combine(day, clock) + timedelta(seconds=draw.below(self.rng, 60))

    def pay(
        self,
        booked: datetime,
        sender: Side,
        receiver: Side,
        cents: int,
        role: str,
        hop: int = 1,
        currency: str = "SEK",
    ) -> None:
        if is_change_day(booked.date()) and booked.hour == 2:
            booked += timedelta(hours=2)
        arrives = min(max(booked.date(), self.days[0]), self.days[-1])
        self.payments.append(
            Payment(*self.label, role, hop, arrives, booked, sender, receiver, cents, currency)
        )


def _burst(plan: _Planner) -> None:
    sender, start = plan.own(), plan.start(1)
    for place, receiver in enumerate(plan.abroad(BURST_PAYMENTS)):
        # From the first second to the last of the window, whatever their number.
        after = timedelta(seconds=place * (BURST_SECONDS - 1) // (BURST_PAYMENTS - 1))
        cents = draw.between(plan.rng, 10_000, 100_000)
        plan.pay(start + after, sender, receiver, cents, "out")


def _smurfing(plan: _Planner) -> None:
    receiver = plan.own(quiet=True)
    count = len(plan.days)
    for place, sender in enumerate(plan.abroad(SMURFING_PAYMENTS, SMURFING_PAYMENTS)):
        day = plan.days[place * count // SMURFING_PAYMENTS]
        booked = datetime.combine(day, time(draw.between(plan.rng, 7, 21), 0)) + timedelta(
            seconds=draw.below(plan.rng, 3600)
        )
        cents = draw.between(plan.rng, 500, 16_000)
        plan.pay(booked, sender, receiver, cents, "in", 1, sender.country.currency)


def _hops(plan: _Planner, accounts: Sequence[Side]) -> None:
    """Money from account to account: within a day where there is only one, else overnight too."""
    gap = 3 if len(plan.days) == 1 else 20
    booked = plan.start(gap * (len(accounts) - 1))
    cents = draw.between(plan.rng, 12_000_000, 60_000_000)
    for hop, (sender, receiver) in enumerate(pairwise(accounts), start=1):
        plan.pay(booked, sender, receiver, cents, "hop", hop)
        cents = cents * draw.between(plan.rng, 90, 99) // 100
        booked += timedelta(minutes=draw.between(plan.rng, 40, gap * 60))


def _chain(plan: _Planner) -> None:
    _hops(plan, [plan.own() for _ in range(5)])


def _cycle(plan: _Planner) -> None:
    accounts = [plan.own() for _ in range(draw.between(plan.rng, 3, 4))]
    _hops(plan, [*accounts, accounts[0]])


def _structuring(plan: _Planner) -> None:
    sender = plan.own()
    gap = 3 if len(plan.days) == 1 else 15
    booked = plan.start(gap * 3)
    for receiver in plan.abroad(4):
        plan.pay(
            booked, sender, receiver, draw.between(plan.rng, 910_000, 995_000), "out", 1, "EUR"
        )
        booked += timedelta(minutes=draw.between(plan.rng, 30, gap * 60))


def _pass_through(plan: _Planner) -> None:
    subject, booked = plan.own(), plan.start(8)
    total = 0
    for _ in range(3):
        cents = draw.between(plan.rng, 15_000_000, 40_000_000)
        plan.pay(booked, plan.own(), subject, cents, "in", 1)
        total += cents
        booked += timedelta(minutes=draw.between(plan.rng, 5, 60))
    first = total * draw.between(plan.rng, 40, 60) // 100
    second = total * draw.between(plan.rng, 92, 99) // 100 - first
    for cents in (first, second):
        booked += timedelta(minutes=draw.between(plan.rng, 30, 120))
        plan.pay(booked, subject, plan.own(), cents, "out", 2)


def _dormant(plan: _Planner) -> None:
    subject = plan.own(quiet=True)
    before = plan.days[0] - timedelta(days=DORMANT_DAYS + draw.below(plan.rng, 60))
    plan.pay(datetime.combine(before, time(11, 0)), plan.own(), subject, 120_000, "before", 0)
    booked = datetime.combine(plan.days[-1], time(draw.between(plan.rng, 8, 15)))
    for _ in range(3):
        cents = draw.between(plan.rng, 50_000_000, 90_000_000)
        plan.pay(booked, plan.own(), subject, cents, "in", 1)
        booked += timedelta(minutes=draw.between(plan.rng, 10, 90))


_PATTERNS: dict[str, Callable[[_Planner], None]] = {
    "burst": _burst,
    "smurfing": _smurfing,
    "chain": _chain,
    "cycle": _cycle,
    "structuring": _structuring,
    "pass_through": _pass_through,
    "dormant": _dormant,
}


def make_plan(
    rng: Random,
    attempts: Mapping[str, int],
    accounts: Sequence[str],
    parties: Sequence[Party],
    days: Sequence[date],
) -> Plan:
    """Returns the planted payments of a run of ``days``; ``attempts`` by name of pattern.

    Raises UnusableInputError where there are too few accounts.
    """
    planner = _Planner(rng, accounts, parties, days)
    for pattern, draw_attempt in _PATTERNS.items():
        for number in range(1, attempts.get(pattern, 0) + 1):
            planner.label = (pattern, f"{pattern}-{number}")
            draw_attempt(planner)
    return Plan(tuple(planner.payments), frozenset(planner.quiet))


def read_attempts(wanted: Sequence[str]) -> dict[str, int]:
    """Returns attempts by pattern from words like ``all``, ``burst`` and ``smurfing=5``.

    Raises UnusableInputError for a pattern that does not exist or a number below 0.
    """
    attempts: dict[str, int] = {}
    for word in wanted:
        name, separator, number = word.partition("=")
        if name != "all" and name not in DEFAULT_ATTEMPTS:
            raise UnusableInputError(
                f"--plant {word}: there is no pattern {name!r}; known are all, "
                + ", ".join(DEFAULT_ATTEMPTS)
            )
        if separator and not (number.isascii() and number.isdigit()):
            raise UnusableInputError(f"--plant {word}: {number!r} is no number of attempts")
        for pattern in DEFAULT_ATTEMPTS if name == "all" else (name,):
            attempts[pattern] = int(number) if separator else DEFAULT_ATTEMPTS[pattern]
    return attempts
