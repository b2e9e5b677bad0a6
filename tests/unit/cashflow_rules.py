"""The rules of the cashflow feed in plain Python: a second reading of a generated year.

Written from the description of the feed, with the public lists of countries and currencies and
another library's IBAN check; nothing here is imported from the generator.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pycountry
from stdnum import iban

Fields = tuple[str, ...]
ID, SENDER, BENEFICIARY, AMOUNT, CURRENCY, TIME = range(6)
CENT = Decimal("0.01")
COUNTRIES = {country.alpha_2 for country in pycountry.countries}
CURRENCIES = {currency.alpha_3 for currency in pycountry.currencies}


@dataclass
class Judged:
    """Lines of one file by number: what becomes of them, why, and with what flags."""

    lines: dict[int, Fields]
    outcome: dict[int, str] = field(default_factory=dict)
    rules: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    flags: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def entries(self) -> dict[int, tuple[str, list[str], list[str]]]:
        """Outcome, rules and flags of every line that is not clean."""
        return {
            number: (self.outcome[number], sorted(self.rules[number]), sorted(self.flags[number]))
            for number in self.lines
            if self.rules[number] or self.flags[number]
        }


@dataclass
class Year:
    """A generated folder, as read from its files."""

    folder: Path

    def read(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def lines(self, feed: str) -> dict[int, Fields]:
        """No field of sepa.csv and swift.csv needs quotes, so lines are records."""
        text = (self.folder / f"{feed}.csv").read_text()
        lines = text.splitlines()
        assert lines[0] == "id,sender,beneficiary,amount,currency,time"
        return {number: tuple(line.split(",")) for number, line in enumerate(lines[1:], start=2)}

    @property
    def key(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "key.json").read_text())
        return found

    def accounts(self) -> dict[str, str]:
        """The company of every account."""
        return {
            account: company["companyID"]
            for company in self.read("companies.csv")
            for account in company["ibans"].strip("{}").split(",")
        }

    def judge(self, feed: str) -> Judged:
        """Applies every rule to every line of a feed."""
        judged = Judged(self.lines(feed))
        known = self.accounts()
        seen: set[Fields] = set()
        groups: dict[Fields, list[int]] = defaultdict(list)
        by_id: dict[str, list[int]] = defaultdict(list)
        for number, line in judged.lines.items():
            if line in seen:
                judged.rules[number].add("cash.redelivery")
                judged.outcome[number] = "duplicate"
                continue
            seen.add(line)
            groups[line[ID], line[SENDER], line[BENEFICIARY], line[TIME]].append(number)
            by_id[line[ID]].append(number)
            both = line[SENDER], line[BENEFICIARY]
            if not all(account[:2] in COUNTRIES for account in both):
                judged.rules[number].add("cash.iban_country")
            elif not all(iban.is_valid(account, check_country=False) for account in both):
                judged.flags[number].add("cash.iban_checksum")
            if not line[CURRENCY]:
                judged.rules[number].add("cash.currency_missing")
            elif line[CURRENCY] not in CURRENCIES:
                judged.rules[number].add("cash.currency_unknown")
            if feed == "sepa" and not judged.rules[number]:
                if line[CURRENCY] != "EUR":
                    judged.flags[number].add("cash.sepa_not_eur")
                if not all(account in known for account in both):
                    judged.flags[number].add("cash.sepa_unknown_account")
        for group in groups.values():
            if len({Decimal(judged.lines[number][AMOUNT]) for number in group}) > 1:
                for number in group:
                    judged.rules[number].add("cash.batch_payment")
        for same in by_id.values():
            transfers = {(*judged.lines[number][:3], judged.lines[number][TIME]) for number in same}
            if len(transfers) > 1:
                for number in same:
                    judged.flags[number].add("cash.id_collision")
        for number in judged.lines:
            quarantined = "quarantined" if judged.rules[number] else "accepted"
            judged.outcome.setdefault(number, quarantined)
        return judged

    def balances(
        self, judged: dict[str, Judged], mode: str
    ) -> dict[tuple[str, str], list[Decimal]]:
        """Euros and dollars of every company (second) at every quarter's end (first)."""
        known = self.accounts()
        # What the columns are called is not what they hold.
        units = {row["currency"]: Decimal(row["usd_rate"]) for row in self.read("rates.csv")}
        dollars = {row["currency"]: Decimal(row["eur_rate"]) for row in self.read("rates.csv")}
        dollars["EUR"] = units["USD"]
        ends = ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")
        found = {
            (end, company): [Decimal(), Decimal()] for end in ends for company in known.values()
        }
        for one in judged.values():
            for number, line in one.lines.items():
                rules, outcome = one.rules[number], one.outcome[number]
                counts = outcome == "accepted"
                counts |= mode == "include_batches" and rules == {"cash.batch_payment"}
                counts |= mode == "one_valid_leg" and rules == {"cash.iban_country"}
                if not counts:
                    continue
                amount = Decimal(line[AMOUNT])
                moved = [
                    (amount / units[line[CURRENCY]]).quantize(CENT, ROUND_HALF_EVEN),
                    (amount * dollars[line[CURRENCY]]).quantize(CENT, ROUND_HALF_EVEN),
                ]
                for account, sign in ((line[SENDER], -1), (line[BENEFICIARY], 1)):
                    if account not in known:
                        continue
                    for end in ends:
                        if line[TIME][:10] <= end:
                            balance = found[end, known[account]]
                            balance[0] += sign * moved[0]
                            balance[1] += sign * moved[1]
        return found
