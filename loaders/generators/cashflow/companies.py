"""The companies of company_info, their accounts, and the foreign accounts that they deal with."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from loaders.generators.bank import draw, lists
from loaders.generators.bank.places import COUNTRIES, IBAN_COUNTRIES, Country, random_iban

HEADER = "companyID,name,owner,address,ibans,balance"

# The companies bank where SEPA payments reach them.
_HOMES = tuple(
    country
    for country in COUNTRIES
    if country.code in ("AT", "BE", "DE", "ES", "FI", "FR", "GB", "IE", "IT", "NL", "PL", "SE")
)

# How many accounts a company has, in twentieths.
_ACCOUNTS_PER_COMPANY = (1,) * 12 + (2,) * 5 + (3,) * 2 + (4,)

_FORMS = (
    "{} AB",
    "{} GmbH",
    "{} Group",
    "{} Ltd",
    "{} S.A.",
    "{} and Sons",
    "{} & {}",
    "{}, {} and {}",
)
_STREETS = ("Harbour Road", "Mill Lane", "Quai du Port", "Ringstrasse", "Stationsplein", "Via Roma")


@dataclass(frozen=True, slots=True)
class Account:
    """A known account and the company that holds it, by its place in the list."""

    iban: str
    company: int


@dataclass(frozen=True, slots=True)
class Register:
    """What companies.csv holds, and what the transactions are drawn from."""

    text: str
    companies: int
    accounts: list[Account]
    # Accounts outside company_info.
    strangers: list[str]


def make_register(seed: int, companies: int) -> Register:
    """Returns ``companies`` companies; their ids begin at 0, as those of the real service do."""
    rng = Random(seed * 8 + 1)
    rows = [HEADER]
    accounts: dict[str, Account] = {}
    for company in range(companies):
        own: list[str] = []
        wanted = draw.pick(rng, _ACCOUNTS_PER_COMPANY)
        home = draw.pick(rng, _HOMES)
        while len(own) < wanted:
            iban = random_iban(rng, home if not own else draw.pick(rng, _HOMES))
            if iban not in accounts:
                accounts[iban] = Account(iban, company)
                own.append(iban)
        # One or the other, as in the samples of the real service.
        has_owner = rng.random() < 0.4
        fields = (
            str(company),
            _name(rng),
            _owner(rng) if has_owner else "",
            "" if has_owner else _address(rng, home),
            "{" + ",".join(own) + "}",
            str(draw.below(rng, 50_000)),
        )
        rows.append(",".join([quoted(field) for field in fields]))
    strangers: dict[str, None] = {}
    while len(strangers) < max(50, 3 * companies):
        iban = random_iban(rng, draw.pick(rng, IBAN_COUNTRIES))
        if iban not in accounts:
            strangers[iban] = None
    return Register("\n".join(rows) + "\n", companies, list(accounts.values()), list(strangers))


def quoted(field: str) -> str:
    """Returns ``field`` as it stands in a CSV file."""
    if any(sign in field for sign in ',"\n'):
        return '"' + field.replace('"', '""') + '"'
    return field


def _name(rng: Random) -> str:
    form = draw.pick(rng, _FORMS)
    return form.format(*[draw.pick(rng, lists.SURNAMES) for _ in range(3)])


def _owner(rng: Random) -> str:
    first = draw.pick(rng, draw.pick(rng, (lists.FIRST_NAMES_WOMEN, lists.FIRST_NAMES_MEN)))
    return f"{first} {draw.pick(rng, lists.SURNAMES)}"


def _address(rng: Random, home: Country) -> str:
    """Two lines, as the addresses of the real service have."""
    town = draw.pick(rng, home.cities)
    return (
        f"{draw.between(rng, 1, 999)} {draw.pick(rng, _STREETS)}\n"
        f"{draw.between(rng, 10_000, 99_999)} {town}"
    )
