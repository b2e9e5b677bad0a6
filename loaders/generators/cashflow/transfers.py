"""A transfer of SEPA or SWIFT as it is drawn, clean, and as it stands in the file."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from loaders.generators.bank import draw
from loaders.generators.bank.places import AMOUNT_SCALE
from loaders.generators.cashflow.calendar import text_of
from loaders.generators.cashflow.companies import Register

HEADER = "id,sender,beneficiary,amount,currency,time"

# The company of an account that none of them holds.
NOBODY = -1

# Minor units. Every currency has two decimals here, as the feed writes them.
_CEILING = 100_000_000_00

_SWIFT_CURRENCIES = (
    ("EUR",) * 35
    + ("USD",) * 30
    + ("GBP",) * 12
    + ("JPY",) * 5
    + ("NOK",) * 5
    + ("PLN",) * 5
    + ("SEK",) * 5
    + ("CHF",) * 3
)


@dataclass(slots=True)
class Transfer:
    """One line's content. ``seconds`` counts from the beginning of the year, in UTC.

    ``debited`` and ``credited`` are the companies that hold the accounts, or NOBODY.
    """

    id: int
    sender: str
    beneficiary: str
    amount: int
    currency: str
    seconds: int
    debited: int
    credited: int

    @property
    def text(self) -> str:
        """The line with its end."""
        amount = self.amount
        return (
            f"{self.id},{self.sender},{self.beneficiary},{amount // 100}.{amount % 100:02d},"
            f"{self.currency},{text_of(self.seconds)}\n"
        )


class TransferMaker:
    """Draws the clean transfers of one feed."""

    def __init__(self, rng: Random, feed: str, register: Register) -> None:
        self.rng = rng
        self.is_sepa = feed == "sepa"
        self._known = register.accounts
        self._strangers = register.strangers

    def make(self, number: int, seconds: int) -> Transfer:
        """Returns transfer ``number`` of the feed, which happens at ``seconds``."""
        rng = self.rng
        currency = "EUR" if self.is_sepa else draw.pick(rng, _SWIFT_CURRENCIES)
        sender, debited, beneficiary, credited = self.parties()
        return Transfer(
            number, sender, beneficiary, self.amount(currency), currency, seconds, debited, credited
        )

    def amount(self, currency: str) -> int:
        """Returns an amount in minor units."""
        return draw.heavy_tailed(self.rng, 5 * AMOUNT_SCALE[currency], _CEILING)

    def parties(self) -> tuple[str, int, str, int]:
        """Returns sender, its company, beneficiary, its company; two accounts that differ."""
        rng = self.rng
        # SEPA is between known accounts; SWIFT mostly between a known one and a stranger's.
        kind = 0.0 if self.is_sepa else rng.random()
        sender, debited = self._account() if kind < 0.55 else (self.stranger(), NOBODY)
        while True:
            is_known = kind < 0.10 or 0.55 <= kind < 0.99
            beneficiary, credited = self._account() if is_known else (self.stranger(), NOBODY)
            if beneficiary != sender:
                return sender, debited, beneficiary, credited

    def stranger(self) -> str:
        """Returns an account outside company_info."""
        return draw.pick(self.rng, self._strangers)

    def _account(self) -> tuple[str, int]:
        # Squared: a few companies pay and are paid much more often than the others.
        account = self._known[int(self.rng.random() ** 2 * len(self._known))]
        return account.iban, account.company
