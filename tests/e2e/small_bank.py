"""A small bank and the files it is sent: its register, its rates, its days, written here."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from random import Random

from loaders.ledger import withdraw
from tests.e2e.bank_model import OWN, Delivery, Line, Rates
from tests.support import loaded

START = date(2025, 5, 5)
ACCOUNTS = 60
HEADER = (
    "transaction_id,timestamp,amount,currency,sender_account,receiver_account,sender_country,"
    "sender_municipality,receiver_country,receiver_municipality,transaction_type,notes"
)
# Units for one euro. JPY is paid in nowhere: it tells one file from the next.
QUOTED = {"SEK": 11, "USD": 1.1, "NOK": 11.5, "TRY": 44, "JPY": 160}
PAID_IN = ["SEK", "SEK", "EUR", "USD", "NOK", "TRY"]


class World:
    """The bank's outside: what was sent, and what of it stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.today = START
        self.deliveries: list[Delivery] = []
        self.accounts = [own_account(number) for number in range(ACCOUNTS)]
        self.opened = ACCOUNTS
        self.rates: Rates = {}
        self.files = 0

    def sent(self) -> list[Line]:
        """Every line that was ever sent, withdrawn ones too."""
        return [line for each in self.deliveries for line in each.lines]

    # --- deliveries -------------------------------------------------------------------------------

    def deliver_lines(self, day: date, lines: list[Line]) -> Delivery:
        path = self._path("transactions.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([HEADER.split(","), *map(fields_of, lines)])
            if not lines:
                # No two files are the same, and blank lines are no lines.
                file.write("\n" * self.files)
        return self._delivered("bank_transactions", day, path, lines=lines)

    def deliver_register(self, day: date, accounts: list[str]) -> Delivery:
        path = self._path("customers.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["Customer", "Address", "Phone", "Personnummer", "BankAccount"])
            for place, account in enumerate(accounts):
                # Two accounts a person; the telephone tells one file from the next.
                person = f"8{place // 2 % 10}0101-{place // 2:04}"
                writer.writerow(["A", f"Gatan {place}", f"08-{self.files}", person, account])
        return self._delivered("bank_customers", day, path, accounts=accounts)

    def deliver_rates(self, rates: Rates, day: date | None = None) -> Delivery:
        path = self._path("eurofxref-hist.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write("Date," + ",".join(QUOTED) + ",\n")
            for each in sorted(rates, reverse=True):
                values = [str(rates[each].get(currency) or "N/A") for currency in QUOTED]
                file.write(f"{each}," + ",".join(values) + ",\n")
        return self._delivered("fx_rates", day or max(rates), path, rates=rates)

    def withdraw(self, delivery: Delivery) -> None:
        withdraw(delivery.load_id, "a second thought")
        delivery.is_withdrawn = True

    def deliver_again(self, delivery: Delivery, day: date | None = None) -> Delivery:
        day = day or delivery.day
        load_id = loaded(delivery.feed, delivery.path, day, again=True)
        return self._entered(replace(delivery, load_id=load_id, day=day, is_withdrawn=False))

    def may_come_again(self, delivery: Delivery) -> bool:
        """Withdrawn, and its content does not stand as another load."""
        same = [each for each in self.deliveries if each.path == delivery.path]
        return all(each.is_withdrawn for each in same)

    def _path(self, name: str) -> Path:
        self.files += 1
        place = self.folder / str(self.files)
        place.mkdir(parents=True)
        return place / name

    def _delivered(
        self,
        feed: str,
        day: date,
        path: Path,
        lines: Iterable[Line] = (),
        accounts: Iterable[str] = (),
        rates: Rates | None = None,
    ) -> Delivery:
        load_id = loaded(feed, path, day)
        return self._entered(
            Delivery(load_id, feed, day, path, [*lines], [*accounts], {**(rates or {})})
        )

    def _entered(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        return delivery


# --- what files are made of -----------------------------------------------------------------------


def own_account(number: int, letters: str = "TEST") -> str:
    return f"{OWN}{letters}{number:014}"


def foreign_account(number: int) -> str:
    body = f"{number:018}"
    return f"DE{98 - int(body + '131400') % 97:02}{body}"


def fields_of(line: Line) -> list[str]:
    def place(account: str) -> list[str]:
        return ["Sweden", "Stockholm"] if account.startswith(OWN) else ["Germany", ""]

    kind = "outgoing" if line.sender.startswith(OWN) else "incoming"
    sides = [line.sender, line.receiver, *place(line.sender), *place(line.receiver)]
    money = [line.amount_text, line.currency]
    return [line.transaction_id, f"{line.booked}", *money, *sides, kind, line.note]


def new_line(random: Random, day: date, accounts: list[str]) -> Line:
    """A line of ``day`` that nothing is wrong with."""
    ours, theirs = random.choice(accounts), foreign_account(random.randrange(9))
    if random.random() < 0.2:
        theirs = random.choice([each for each in accounts if each != ours])
    sender, receiver = random.sample([ours, theirs], 2)
    clock = time(random.randrange(6, 22), random.randrange(60), random.randrange(60))
    return Line(
        transaction_id=str(uuid.UUID(int=random.getrandbits(128), version=4)),
        booked=datetime.combine(day, clock),
        amount_text=f"{random.randrange(100, 9_000_000) / 100:.2f}",
        currency=random.choice(PAID_IN),
        sender=sender,
        receiver=receiver,
        note=random.choice(["", "", "rent", "coffee"]),
    )
