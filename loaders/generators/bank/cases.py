"""A line with something wrong in it, and the record of what was done to it.

The answer key is this record: what the generator did, never what a reading of its output would say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from loaders.generators.bank import draw
from loaders.generators.bank.lines import (
    AMOUNT,
    CEILING,
    CURRENCY,
    FIELDS,
    RECEIVER,
    RECEIVER_COUNTRY,
    RECEIVER_TOWN,
    SENDER,
    SENDER_COUNTRY,
    SENDER_TOWN,
    TIME,
    Line,
    LineMaker,
    amount_text,
)
from loaders.generators.bank.places import AMOUNT_SCALE, CODE_OF_NAME
from loaders.generators.bank.stockholm import is_change_day

STALE_DAYS = 60


@dataclass(frozen=True, slots=True)
class Correction:
    """One corrected field: what stands in the file, what it means, and by which rule."""

    field: str
    raw: str
    clean: str
    rule_id: str


class Case:
    """One line being spoiled. Redraw what a defect needs first, then correct, reject or flag."""

    __slots__ = ("corrections", "failures", "flags", "is_time_known", "line", "maker")

    def __init__(self, line: Line, maker: LineMaker) -> None:
        self.line = line
        self.maker = maker
        self.failures: list[str] = []
        self.corrections: list[Correction] = []
        self.flags: set[str] = set()
        self.is_time_known = True

    # --- what becomes of the line -----------------------------------------------------------------

    def reject(self, rule_id: str, field: int | None = None, raw: str = "") -> None:
        """Fails ``rule_id``; ``raw`` goes into ``field``, unless the line fails as it stands."""
        self.failures.append(rule_id)
        if field is not None:
            self.line.fields[field] = raw
            if field == TIME:
                self.is_time_known = False

    def correct(self, rule_id: str, field: int, raw: str, clean: str | None = None) -> None:
        """Writes ``raw`` over a value (or ``clean``) that cleaning must find again."""
        if clean is None:
            clean = self.canonical(field)
        self.corrections.append(Correction(FIELDS[field], raw, clean, rule_id))
        self.line.fields[field] = raw

    def flag(self, rule_id: str) -> None:
        """Marks an accepted line for attention."""
        self.flags.add(rule_id)

    def canonical(self, field: int) -> str:
        """Returns the clean value of a field that holds its meaning."""
        line = self.line
        if field == TIME:
            return f"{line.day.isoformat()} {line.clock}"
        if field == AMOUNT:
            return f"{line.cents // 100}.{line.cents % 100:02d}"
        if field in (SENDER_COUNTRY, RECEIVER_COUNTRY):
            return CODE_OF_NAME[line.fields[field]]
        return line.fields[field]

    def finish(self) -> None:
        """Adds the flag that follows from the date alone."""
        if self.is_time_known and (self.maker.day - self.line.day).days > STALE_DAYS:
            self.flags.add("ts.stale")

    def canonical_copy(self) -> Line:
        """Returns the line with every corrected field in its clean form."""
        other = self.line.copy()
        for correction in self.corrections:
            other.fields[FIELDS.index(correction.field)] = correction.clean
        return other

    # --- redrawing what a defect needs ------------------------------------------------------------

    def set_time(self, day: date, clock: str) -> None:
        """Moves the line to another local time."""
        self.line.day, self.line.clock = day, clock
        self.line.fields[TIME] = f"{day.isoformat()} {clock}"

    def set_recent_time(self, clock: str | None = None) -> str:
        """Moves the line to a day of the last six weeks on which the clock does not change.

        Returns the day as text; ``clock`` is drawn unless given.
        """
        while True:
            day = self.maker.day - timedelta(days=draw.below(self.maker.rng, 42))
            if not is_change_day(day):
                self.set_time(day, clock if clock is not None else self.maker.clock_on(day))
                return day.isoformat()

    def set_cents(self, low: int, high: int = CEILING) -> tuple[str, str]:
        """Redraws the amount between two bounds in minor units until its last decimal is not 0.

        Returns whole units and the two decimals as text.
        """
        rng = self.maker.rng
        while not low <= self.line.cents <= high or self.line.cents % 10 == 0:
            scale = AMOUNT_SCALE.get(self.line.fields[CURRENCY], low)
            self.line.cents = draw.heavy_tailed(rng, max(low, min(scale, high)), CEILING)
        self.line.fields[AMOUNT] = amount_text(self.line.cents)
        return str(self.line.cents // 100), f"{self.line.cents % 100:02d}"

    def set_currency(self, currency: str) -> None:
        """Puts another currency beside the amount."""
        self.line.fields[CURRENCY] = currency

    def make_internal(self) -> None:
        """Puts own accounts on both sides."""
        line, maker = self.line, self.maker
        while not (line.sender_own and line.receiver_own):
            other = maker.plain()
            line.fields[SENDER : RECEIVER_TOWN + 1] = other.fields[SENDER : RECEIVER_TOWN + 1]
            line.sender_own, line.receiver_own = other.sender_own, other.receiver_own

    def make_foreign(self) -> tuple[int, int, int]:
        """Puts a foreign account on one side, with a country abroad and a city there.

        Returns the indexes of that side's account, country and town fields.
        """
        line = self.line
        if line.sender_own and line.receiver_own:
            if self.maker.rng.random() < 0.5:
                line.sender_own = False
            else:
                line.receiver_own = False
        if not line.sender_own:
            side = (SENDER, SENDER_COUNTRY, SENDER_TOWN)
        else:
            side = (RECEIVER, RECEIVER_COUNTRY, RECEIVER_TOWN)
        account, country, town = self.maker.foreign_side(abroad=True)
        line.fields[side[0]], line.fields[side[1]], line.fields[side[2]] = (
            account,
            country.name,
            town,
        )
        return side

    def own_side(self) -> tuple[int, int, int]:
        """Returns the account, country and town fields of a side that is ours."""
        line = self.line
        if line.sender_own and (not line.receiver_own or self.maker.rng.random() < 0.5):
            return SENDER, SENDER_COUNTRY, SENDER_TOWN
        return RECEIVER, RECEIVER_COUNTRY, RECEIVER_TOWN


Edit = Callable[[Case], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way for a line to be wrong.

    ``rule_id`` is the rule that says most about it; ``base`` says what it is made from: a line of
    its own, or an earlier accepted line come again.
    """

    rule_id: str
    name: str
    edit: Edit
    base: Literal["new", "earlier"] = "new"


def writes(rule_id: str, field: int, raws: dict[str, str]) -> list[Kind]:
    """Returns kinds rejected because ``field`` holds one of ``raws`` (name of kind -> text)."""
    return [
        Kind(rule_id, name, lambda case, raw=raw: case.reject(rule_id, field, raw))  # type: ignore[misc]
        for name, raw in raws.items()
    ]
