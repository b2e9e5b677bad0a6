"""A small labelled set in the bank feed's format: accounts that pay whom they know, and attempts.

A normal account pays three accounts that it knows, and now and then one that it has never met. An
attempt is four payers who all pay four payees within three days, none of whom they knew. Labels are
written beside the feed's files, never into them.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

HEADER = [
    *("transaction_id", "timestamp", "amount", "currency", "sender_account", "receiver_account"),
    *("sender_country", "sender_municipality", "receiver_country", "receiver_municipality"),
    *("transaction_type", "notes"),
]
FIRST_DAY = date(2025, 1, 6)


@dataclass(frozen=True)
class Payment:
    """One line to be, with its label."""

    transaction_id: str
    day: date
    amount: str
    sender: str
    receiver: str
    attempt: str = ""


def accounts(count: int, random: Random) -> list[str]:
    """Returns own account numbers, which the register lists."""
    letters = "ABCDEFGHJK"
    return [
        "SE8902" + "".join(random.choices(letters, k=4)) + f"{number:014d}"
        for number in random.sample(range(10**13), count)
    ]


def payments(own: Sequence[str], days: int, random: Random) -> list[Payment]:
    """Returns the payments of ``days`` days from :data:`FIRST_DAY`, in order of their day."""
    known = {account: random.sample(own, 3) for account in own}
    made: list[Payment] = []

    def pay(day: int, sender: str, receiver: str, attempt: str = "") -> None:
        if sender != receiver:
            made.append(
                Payment(
                    str(uuid.UUID(int=random.getrandbits(128), version=4)),
                    FIRST_DAY + timedelta(days=day),
                    f"{random.randint(100, 1200)}.{random.randint(0, 99):02d}",
                    sender,
                    receiver,
                    attempt,
                )
            )

    for day in range(days):
        for account in random.sample(own, len(own) // 4):
            is_news = random.random() < 0.1
            pay(day, account, random.choice(own) if is_news else random.choice(known[account]))
    for number in range(days // 2):
        first = 2 * number
        payers, payees = random.sample(own, 4), random.sample(own, 4)
        for payer in payers:
            for payee in payees:
                day = min(days - 1, first + random.randrange(3))
                pay(day, payer, payee, f"attempt-{number:03d}-secret")
    return sorted(made, key=lambda each: (each.day, each.transaction_id))


def write_payments(path: Path, lines: Sequence[Payment]) -> Path:
    """Writes ``lines`` as the feed's file and returns its path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for each in lines:
            moment = datetime.combine(each.day, time(12))
            sides = [each.sender, each.receiver, "Sweden", "", "Sweden", "", "outgoing", ""]
            writer.writerow([each.transaction_id, moment, each.amount, "SEK", *sides])
    return path


def write_register(path: Path, own: Sequence[str]) -> Path:
    """Writes the register of ``own`` accounts and returns its path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Customer", "Address", "Phone", "Personnummer", "BankAccount"])
        for number, account in enumerate(own):
            stem = f"{50 + number % 40:02d}0101{number // 40:03d}"
            digits = [int(digit) * (2 - place % 2) for place, digit in enumerate(stem)]
            luhn = -sum(digit // 10 + digit % 10 for digit in digits) % 10
            place, person = f"Gatan {number}, 11000 Stockholm", f"{stem[:6]}-{stem[6:]}{luhn}"
            writer.writerow([f"Customer {number}", place, "08-123 45 67", person, account])
    return path


def write_labels(path: Path, lines: Sequence[Payment]) -> Path:
    """Writes the labels of ``lines`` and returns their path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["transaction_id", "is_suspicious", "typology", "attempt_id"])
        for each in lines:
            is_suspicious = int(bool(each.attempt))
            typology = "bipartite" if each.attempt else ""
            writer.writerow([each.transaction_id, is_suspicious, typology, each.attempt])
    return path
