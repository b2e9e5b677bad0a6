"""A second implementation of the cashflow rules, small enough to be checked by eye.

Reads the files, nothing else: no generator, no key, no SQL. Everything in memory, for small files.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pycountry

COUNTRIES = {country.alpha_2 for country in pycountry.countries}
CURRENCIES = {currency.alpha_3 for currency in pycountry.currencies}
CENT = Decimal("0.01")

Convert = Callable[[str, Decimal], Decimal]


@dataclass(frozen=True)
class Leg:
    """What one transfer does to one company; a debit is negative."""

    company: int
    day: date
    eur: Decimal
    usd: Decimal
    country: str
    payment: tuple[str, str]


@dataclass
class Books:
    """All legs, and the lines left out as (company, day, rule), each side of a line by itself."""

    companies: set[int]
    legs: list[Leg] = field(default_factory=list)
    excluded: list[tuple[int, date, str]] = field(default_factory=list)

    @property
    def days(self) -> Iterator[date]:
        moved = [leg.day for leg in self.legs]
        for number in range((max(moved) - min(moved)).days + 1):
            yield min(moved) + timedelta(days=number)

    def daily(self) -> dict[tuple[int, date], tuple[Decimal, ...]]:
        """Returns opening, credit, debit and closing in EUR, then in USD, of company and day."""
        found = {}
        for company in self.companies:
            own = [leg for leg in self.legs if leg.company == company]
            by_day = defaultdict(list)
            for leg in own:
                by_day[leg.day].append(leg)
            closing = {"eur": Decimal(0), "usd": Decimal(0)}
            for day in self.days:
                values: list[Decimal] = []
                for unit in ("eur", "usd"):
                    moved = [getattr(leg, unit) for leg in by_day[day]]
                    credit = sum((each for each in moved if each > 0), Decimal(0))
                    debit = -sum((each for each in moved if each < 0), Decimal(0))
                    values += [closing[unit], credit, debit, closing[unit] + credit - debit]
                    closing[unit] += credit - debit
                found[company, day] = tuple(values)
        return found

    def window(self, company: int, first: date, end: date) -> Window:
        """Returns the position of a company from ``first`` up to, not including, ``end``."""
        own = [leg for leg in self.legs if leg.company == company and leg.day < end]
        inside = [leg for leg in own if leg.day >= first]
        countries: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
        for leg in inside:
            count, amount = (0, 1) if leg.eur > 0 else (2, 3)
            countries[leg.country][count] += 1
            countries[leg.country][amount] += abs(leg.eur)
        excluded: dict[str, int] = defaultdict(int)
        for of_company, day, rule in self.excluded:
            if of_company == company and first <= day < end:
                excluded[rule] += 1
        return Window(
            balance=sum((leg.eur for leg in own), Decimal(0)),
            credit=sum((leg.eur for leg in inside if leg.eur > 0), Decimal(0)),
            debit=-sum((leg.eur for leg in inside if leg.eur < 0), Decimal(0)),
            countries={name: tuple(sums) for name, sums in countries.items()},
            excluded=dict(excluded),
        )


@dataclass(frozen=True)
class Window:
    """In EUR; ``countries``: count and sum in, count and sum out."""

    balance: Decimal
    credit: Decimal
    debit: Decimal
    countries: dict[str, tuple[Decimal, ...]]
    excluded: dict[str, int]


def keep_books(folder: Path, payments: Iterable[tuple[str, Path]]) -> Books:
    """Returns the books, in the strict mode, of companies.csv and rates.csv in ``folder``.

    ``payments`` are (rail, file), in the order in which they are loaded.
    """
    owners: dict[str, int] = {}
    companies = set()
    for company in read(folder / "companies.csv"):
        companies.add(int(company["companyID"]))
        for iban in company["ibans"].strip("{}").split(","):
            owners[iban] = int(company["companyID"])
    to_eur, to_usd = conversions(folder / "rates.csv")

    lines = [(rail, line) for rail, path in payments for line in read(path)]
    once, seen = [], set()
    for rail, line in lines:
        whole = (rail, *line.values())
        for company in {owners.get(line["sender"]), owners.get(line["beneficiary"])} - {None}:
            if whole in seen:
                excluded = (company, day_of(line), "cash.redelivery")
                once.append((rail, line, excluded))
        if whole not in seen:
            once.append((rail, line, None))
        seen.add(whole)
    amounts = defaultdict(set)
    for rail, line in lines:
        amounts[payment_of(rail, line)].add(line["amount"])

    books = Books(companies)
    for rail, line, redelivery in once:
        if redelivery is not None:
            books.excluded.append(redelivery)
            continue
        reasons = []
        if len(amounts[payment_of(rail, line)]) > 1:
            reasons.append("cash.batch_payment")
        if not {line["sender"][:2], line["beneficiary"][:2]} <= COUNTRIES:
            reasons.append("cash.iban_country")
        if not line["currency"]:
            reasons.append("cash.currency_missing")
        elif line["currency"] not in CURRENCIES:
            reasons.append("cash.currency_unknown")
        for reason in reasons:
            for company in {owners.get(line["sender"]), owners.get(line["beneficiary"])} - {None}:
                books.excluded.append((company, day_of(line), reason))
        if reasons:
            continue
        amount = Decimal(line["amount"])
        eur = to_eur(line["currency"], amount)
        usd = to_usd(line["currency"], amount)
        for side, other, sign in (("sender", "beneficiary", -1), ("beneficiary", "sender", 1)):
            if line[side] in owners:
                books.legs.append(
                    Leg(
                        company=owners[line[side]],
                        day=day_of(line),
                        eur=sign * eur,
                        usd=sign * usd,
                        country=line[other][:2],
                        payment=(rail, line["id"]),
                    )
                )
    return books


def conversions(path: Path) -> tuple[Convert, Convert]:
    """Returns what turns (currency, amount) into EUR and into USD, to the cent, half to even.

    usd_rate is what one euro is in the currency, eur_rate what one unit of it is in dollars; for
    the euro itself, the dollar's line says what it is in dollars.
    """
    per_euro, in_dollars = {}, {}
    for line in read(path):
        per_euro[line["currency"]] = Decimal(line["usd_rate"])
        in_dollars[line["currency"]] = Decimal(line["eur_rate"])
    in_dollars["EUR"] = per_euro["USD"]

    def cents(amount: Decimal) -> Decimal:
        return amount.quantize(CENT, ROUND_HALF_EVEN)

    return (
        lambda currency, amount: cents(amount / per_euro[currency]),
        lambda currency, amount: cents(amount * in_dollars[currency]),
    )


def payment_of(rail: str, line: dict[str, str]) -> tuple[str, ...]:
    return (rail, line["id"], line["sender"], line["beneficiary"], line["time"])


def day_of(line: dict[str, str]) -> date:
    return datetime.fromisoformat(line["time"]).astimezone(UTC).date()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
