"""The bank's own customers and accounts, and the foreign accounts they deal with.

Both depend on the seed alone (and on how many are asked for, of which the smaller set is the
beginning of the larger), not on the business date: several days can be generated against one
register.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from loaders.generators.bank import draw, lists
from loaders.generators.bank.places import IBAN_COUNTRIES, Country, random_iban

CUSTOMER_HEADER = "Customer,Address,Phone,Personnummer,BankAccount"

# How many accounts a person has, in percent: measured on the real register.
_ACCOUNTS_PER_PERSON = (1,) * 50 + (2,) * 32 + (3,) * 13 + (4,) * 4 + (5,)

# 0 stands for a random digit. The shapes of the real register, about equally frequent there.
_PHONE_SHAPES = (
    *(
        "000-000 00 00",
        "00-000 00 00",
        "000-00 00 00",
        "0000-00 00 00",
        "00-00 00 00",
        "0000-000 00",
    ),
    *("00-000 000 00", "+46 (0)0 000 000 00", "+46 (0)000 000 00", "+46 (0)00 00 00 00"),
)

_OLDEST_BIRTHDAY = date(1935, 1, 1)
_YOUNGEST_BIRTHDAY = date(2006, 12, 31)


@dataclass(frozen=True, slots=True)
class Party:
    """A foreign account and the country of its IBAN."""

    account: str
    country: Country


def luhn_digit(nine_digits: str) -> int:
    """Returns the check digit of a personnummer's first nine digits."""
    total = 0
    for position, digit in enumerate(nine_digits):
        product = int(digit) * (2 - position % 2)
        total += product - 9 if product > 9 else product
    return -total % 10


def random_own_account(rng: Random) -> str:
    """Returns an account number in our bank's form: as in reality, no valid IBAN."""
    return f"SE8902{draw.letters(rng, 4)}{draw.digits(rng, 14)}"


def _personnummer(rng: Random, is_woman: bool) -> str:
    span = (_YOUNGEST_BIRTHDAY - _OLDEST_BIRTHDAY).days + 1
    birthday = _OLDEST_BIRTHDAY + timedelta(days=draw.below(rng, span))
    # The ninth digit is even for women and odd for men.
    serial = f"{draw.below(rng, 100):02d}{2 * draw.below(rng, 5) + (0 if is_woman else 1)}"
    born = birthday.isoformat().replace("-", "")[2:]
    return f"{born}-{serial}{luhn_digit(born + serial)}"


def _name(rng: Random, is_woman: bool) -> str:
    first = draw.pick(rng, lists.FIRST_NAMES_WOMEN if is_woman else lists.FIRST_NAMES_MEN)
    last = draw.pick(rng, lists.SURNAMES)
    style = rng.random()
    if style < 0.76:
        return f"{first} {last}"
    joint = "-" if style < 0.88 else " "
    return f"{first} {last}{joint}{draw.pick(rng, lists.SURNAMES)}"


def _phone(rng: Random) -> str:
    shape = draw.pick(rng, _PHONE_SHAPES)
    if shape.startswith("+46 (0)"):
        head, tail = "+46 (0)", shape[7:]
    else:
        head, tail = "0", shape[1:]
    return head + "".join([draw.digits(rng, 1) if sign == "0" else sign for sign in tail])


def _address(rng: Random) -> str:
    street = draw.pick(rng, lists.STREET_BEGINNINGS) + draw.pick(rng, lists.STREET_ENDINGS)
    number = draw.digits(rng, draw.between(rng, 1, 3))  # may begin with 0, as in the real register
    town = draw.pick(rng, lists.SWEDISH_TOWNS)
    return f"{street} {number}, {draw.between(rng, 10_000, 99_999)} {town}"


def make_register(seed: int, accounts: int) -> tuple[str, list[str]]:
    """Returns the text of customers.csv and its ``accounts`` account numbers, in file order."""
    rng = Random(seed * 4 + 1)
    rows = [CUSTOMER_HEADER]
    numbers: dict[str, None] = {}
    people: set[str] = set()
    while len(numbers) < accounts:
        is_woman = rng.random() < 0.5
        personnummer = _personnummer(rng, is_woman)
        person = f'{_name(rng, is_woman)},"{_address(rng)}",{_phone(rng)},{personnummer}'
        wanted = draw.pick(rng, _ACCOUNTS_PER_PERSON)
        if personnummer in people:
            continue
        people.add(personnummer)
        for _ in range(wanted):
            account = random_own_account(rng)
            if account not in numbers and len(numbers) < accounts:
                numbers[account] = None
                rows.append(f"{person},{account}")
    return "\n".join(rows) + "\n", list(numbers)


def make_parties(seed: int, count: int) -> list[Party]:
    """Returns ``count`` foreign accounts with valid IBANs."""
    rng = Random(seed * 4 + 3)
    countries = [draw.pick(rng, IBAN_COUNTRIES) for _ in range(count)]
    return [Party(random_iban(rng, country), country) for country in countries]
