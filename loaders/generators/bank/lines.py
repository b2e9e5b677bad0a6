"""Clean lines: what one ordinary transaction of the day looks like.

The mix follows the bank's files: 80 % between own accounts in kronor, 10 % to and 10 % from foreign
accounts; `transaction_type` contradicts ownership on about 45 % of the lines; 0.5 % lack a
municipality on either side; amounts are written without a trailing zero (`3234.4`, `500.0`).
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from loaders.generators.bank import draw
from loaders.generators.bank.lists import NOTES, SWEDISH_TOWNS
from loaders.generators.bank.places import AMOUNT_SCALE, COUNTRIES, SWEDEN, Country
from loaders.generators.bank.register import Party, random_own_account
from loaders.generators.bank.stockholm import is_change_day

FIELDS = (
    *("transaction_id", "timestamp", "amount", "currency", "sender_account", "receiver_account"),
    *("sender_country", "sender_municipality", "receiver_country", "receiver_municipality"),
    *("transaction_type", "notes"),
)
ID, TIME, AMOUNT, CURRENCY, SENDER, RECEIVER = range(6)
SENDER_COUNTRY, SENDER_TOWN, RECEIVER_COUNTRY, RECEIVER_TOWN, TYPE, NOTE = range(6, 12)
HEADER = ",".join(FIELDS)

CEILING = 100_000_000  # minor units: 1,000,000.00, above which a line waits for review

# How many of a thousand lines fall in each hour from 00: few at night, most from nine to six.
_HOUR_WEIGHTS = (
    *(10, 7, 5, 4, 5, 10, 22, 42, 58, 66, 68, 68),
    *(66, 58, 56, 58, 64, 70, 66, 56, 46, 38, 28, 18),
)
_MINUTES = tuple(f":{minute:02d}:{second:02d}" for minute in range(60) for second in range(60))
_CENTS = tuple(f".{cents // 10}" if cents % 10 == 0 else f".{cents:02d}" for cents in range(100))

# Business days on which lines may be in ZMW: the product's own seed of rates reaches from the end
# of 2021 to the end of 2025, its last one holds for a year, and some lines are dated a year back.
_KWACHA_FROM, _KWACHA_TO = date(2023, 1, 1), date(2026, 12, 31)

LATE_DAYS = 21  # the oldest of the 3 % of lines that arrive late

# Which note an ordinary line gets: of 1560, a tenth none, a numbered invoice (-1), or one of the
# plain notes; the other numbers are notes that need quotes (legal, and no defect).
_INVOICE, _COMMA, _QUOTE, _BREAK, _ALL_QUOTED = -1, -2, -3, -4, -5
_NOTE_TABLE: tuple[str | int, ...] = (
    *([""] * 156),
    *([_INVOICE] * 96),
    *([_COMMA] * 4),
    *([_QUOTE] * 2),
    *([_BREAK] * 1),
    *([_ALL_QUOTED] * 1),
    *(note for note in NOTES for _ in range(100)),
)
_NOTES_WITH_COMMA = (
    "Rent, storage and parking",
    "Books, second hand",
    "Refund, see letter",
    "Coffee, 2 kg",
)
_NOTES_WITH_QUOTES = ('Gift "for the summer house"', '"Thanks for dinner"', 'Screen 27" with stand')
_NOTES_WITH_BREAK = (
    "Payment for invoice\nsecond reminder",
    "Deposit\n\nto be returned in June",  # an empty line inside quotes is part of the note
    "Loan repayment,\n3 of 12",
)


class Line:
    """One transaction: the twelve fields as text, and what they mean.

    ``cents``, ``day`` and ``clock`` hold amount and local time whatever the fields say; ``quoting``
    is 0 for none needed, 1 where needed, 2 for every field.
    """

    __slots__ = ("cents", "clock", "day", "fields", "quoting", "receiver_own", "sender_own")

    def __init__(
        self,
        fields: list[str],
        cents: int,
        day: date,
        clock: str,
        sender_own: bool,
        receiver_own: bool,
    ) -> None:
        self.fields = fields
        self.cents = cents
        self.day = day
        self.clock = clock
        self.sender_own = sender_own
        self.receiver_own = receiver_own
        self.quoting = 0

    def copy(self) -> Line:
        """Returns an independent copy."""
        other = Line(
            self.fields.copy(), self.cents, self.day, self.clock, self.sender_own, self.receiver_own
        )
        other.quoting = self.quoting
        return other

    def contradicts_ownership(self) -> bool:
        """True if the type reads incoming though we own the sender, or outgoing though not."""
        return (self.fields[TYPE].lower() == "incoming") == self.sender_own

    def text(self) -> str:
        """Returns the record as it stands in the file, without the line end."""
        if self.quoting == 0:
            return ",".join(self.fields)
        return ",".join([quoted(field, always=self.quoting == 2) for field in self.fields])


def quoted(field: str, always: bool = False) -> str:
    """Returns a field in quotes if CSV asks for them (or ``always``), quotes inside doubled."""
    if always or "," in field or '"' in field or "\n" in field:
        return '"' + field.replace('"', '""') + '"'
    return field


def amount_text(cents: int) -> str:
    """Returns an amount as the feed writes it: no trailing zero, but always one decimal."""
    return f"{cents // 100}{_CENTS[cents % 100]}"


def _hours(day: date) -> tuple[str, ...]:
    """Returns hours to draw from; without 02 on days when it is missing or doubled."""
    skipped = 2 if is_change_day(day) else -1
    return tuple(
        f"{hour:02d}"
        for hour, weight in enumerate(_HOUR_WEIGHTS)
        if hour != skipped
        for _ in range(weight)
    )


class LineMaker:
    """Draws clean lines of one business day; guards the random stream they come from."""

    def __init__(self, rng: Random, day: date, accounts: list[str], parties: list[Party]) -> None:
        self.rng = rng
        self.day = day
        self.accounts = accounts
        self.parties = parties
        self._known = frozenset(accounts)
        self._day_text = day.isoformat()
        self._day_hours = _hours(day)
        late = [day - timedelta(days=back) for back in range(1, LATE_DAYS + 1)]
        self._late = tuple((each, _hours(each)) for each in late)
        self._foreign_currencies: dict[str, tuple[str, ...]] = {}
        for country in COUNTRIES:
            has_rate = country.currency != "ZMW" or _KWACHA_FROM <= day <= _KWACHA_TO
            home = country.currency if has_rate else "USD"
            mix = (home,) * 65 + ("USD",) * 15 + ("EUR",) * 12 + ("SEK",) * 8
            self._foreign_currencies[country.code] = mix

    def clean(self) -> Line:
        """Returns a new line that no rule has anything to say about."""
        rng = self.rng
        random = rng.random
        kind = random()
        place = random()
        if kind < 0.8:
            accounts = self.accounts
            count = len(accounts)
            sender_index = int(random() * count)
            receiver_index = int(random() * (count - 1))
            if receiver_index >= sender_index:  # never to itself
                receiver_index += 1
            sender, receiver = accounts[sender_index], accounts[receiver_index]
            sender_country = receiver_country = "Sweden"
            sender_town = SWEDISH_TOWNS[int(random() * 45)]
            receiver_town = SWEDISH_TOWNS[int(random() * 45)]
            sender_own = receiver_own = True
            currency = "SEK"
            transaction_type = "incoming" if random() < 0.5 else "outgoing"
        else:
            own = self.accounts[int(random() * len(self.accounts))]
            own_town = SWEDISH_TOWNS[int(random() * 45)]
            foreign, country, foreign_town = self.foreign_side()
            codes = self._foreign_currencies[country.code]
            currency = codes[int(random() * 100)]
            # A quarter wrong here and half wrong between own accounts make 45 % of all.
            is_wrong = random() < 0.25
            sender_own = kind < 0.9
            receiver_own = not sender_own
            transaction_type = "outgoing" if sender_own != is_wrong else "incoming"
            if sender_own:
                sender, receiver = own, foreign
                sender_country, receiver_country = "Sweden", country.name
                sender_town, receiver_town = own_town, foreign_town
            else:
                sender, receiver = foreign, own
                sender_country, receiver_country = country.name, "Sweden"
                sender_town, receiver_town = foreign_town, own_town
        if place < 0.01:
            if place < 0.005:
                sender_town = ""
            else:
                receiver_town = ""

        late = random()
        if late < 0.97:
            day, day_text, hours = self.day, self._day_text, self._day_hours
        else:
            day, hours = self._late[int(random() * LATE_DAYS)]
            day_text = day.isoformat()
        clock = hours[int(random() * len(hours))] + _MINUTES[int(random() * 3600)]

        cents = draw.heavy_tailed(rng, AMOUNT_SCALE[currency], CEILING)
        note = _NOTE_TABLE[int(random() * 1560)]
        line = Line(
            [
                draw.uuid4(rng),
                f"{day_text} {clock}",
                f"{cents // 100}{_CENTS[cents % 100]}",
                currency,
                sender,
                receiver,
                sender_country,
                sender_town,
                receiver_country,
                receiver_town,
                transaction_type,
                "" if isinstance(note, int) else note,
            ],
            cents,
            day,
            clock,
            sender_own,
            receiver_own,
        )
        if isinstance(note, int):
            self._special_note(line, note)
        return line

    def plain(self) -> Line:
        """Returns a clean line without a quote in it."""
        while True:
            line = self.clean()
            if line.quoting == 0:
                return line

    def foreign_side(self, abroad: bool = False) -> tuple[str, Country, str]:
        """Returns a foreign account, the country its side names and a city there.

        The country differs from the IBAN's on three of ten lines; with ``abroad`` it is not Sweden.
        """
        rng = self.rng
        party = draw.pick(rng, self.parties)
        country = party.country if rng.random() < 0.7 else draw.pick(rng, COUNTRIES)
        while abroad and country is SWEDEN:
            country = draw.pick(rng, COUNTRIES)
        return party.account, country, draw.pick(rng, country.cities)

    def unknown_own_account(self) -> str:
        """Returns an account in our bank's form that is not in the register."""
        while True:
            account = random_own_account(self.rng)
            if account not in self._known:
                return account

    def clock_on(self, day: date) -> str:
        """Returns a time of day on ``day`` by the day's curve."""
        hours = _hours(day)
        return draw.pick(self.rng, hours) + draw.pick(self.rng, _MINUTES)

    def _special_note(self, line: Line, note: int) -> None:
        if note == _INVOICE:
            line.fields[NOTE] = f"Payment for invoice #{draw.between(self.rng, 1000, 9999)}"
        elif note == _ALL_QUOTED:
            line.fields[NOTE] = draw.pick(self.rng, NOTES)
            line.quoting = 2
        else:
            texts = {
                _COMMA: _NOTES_WITH_COMMA,
                _QUOTE: _NOTES_WITH_QUOTES,
                _BREAK: _NOTES_WITH_BREAK,
            }
            line.fields[NOTE] = draw.pick(self.rng, texts[note])
            line.quoting = 1
