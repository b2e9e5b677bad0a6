"""Writes one feed's file, sepa.csv or swift.csv: its lines in the order in which they arrive."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import TextIO

from loaders.generators.bank import draw
from loaders.generators.cashflow import shares
from loaders.generators.cashflow.answer_key import KeyWriter
from loaders.generators.cashflow.balances import Balances
from loaders.generators.cashflow.calendar import (
    DAY_SECONDS,
    END,
    QUARTER_OF_DAY,
    moments,
)
from loaders.generators.cashflow.companies import Register
from loaders.generators.cashflow.rates import converters
from loaders.generators.cashflow.spoil import SPOILERS, Spoiled
from loaders.generators.cashflow.transfers import HEADER, NOBODY, Transfer, TransferMaker

_WRITTEN_AT_ONCE = 2_000
_HOUR = 3_600

# A line that follows another: when it arrives, an order among equals, its content, its entry.
_Late = tuple[int, int, Transfer, Spoiled, int]


class FeedWriter:
    """Writes the lines of one feed, their entries in the key, and what they move.

    A line that is to arrive later than the one it belongs to waits in a heap, and is written after
    the first line whose time has reached its own arrival. So a reader who takes the file as it
    comes sees a line arrive at the latest time that stands in the file up to it.
    """

    def __init__(
        self, feed: str, seed: int, register: Register, balances: Balances, key: KeyWriter
    ) -> None:
        self._feed = feed
        self._rng = Random(seed * 8 + (2 if feed == "sepa" else 3))
        self._maker = TransferMaker(self._rng, feed, register)
        self._balances = balances
        self._key = key
        self._counts = key.begin(feed)
        self._converters = converters()
        self._late: list[_Late] = []
        self._waited = 0
        self._line_no = 1
        self._text: list[str] = []
        self._batch_sizes: list[int] = []

    def write(
        self, lines: int, stream: TextIO, progress: Callable[[int], None] | None = None
    ) -> None:
        """Writes the header and ``lines`` lines; ``progress`` is told how many are written."""
        counts = shares.spoiled_counts(self._feed, lines)
        self._batch_sizes, extra = shares.extra_lines(counts)
        transactions = lines - extra
        classes = shares.spread(self._rng, counts, transactions)
        names = list(counts)
        self._text.append(HEADER + "\n")
        for position, seconds in enumerate(moments(self._rng, transactions)):
            transfer = self._maker.make(position + 1, seconds)
            number = classes[position]
            if number:
                self._spoil(names[number - 1], transfer)
            else:
                self._write(transfer)
                self._move(transfer)
            while self._late and self._late[0][0] <= seconds:
                self._write_late(heapq.heappop(self._late))
            if len(self._text) >= _WRITTEN_AT_ONCE:
                self._flush(stream, progress)
        while self._late:
            self._write_late(heapq.heappop(self._late))
        self._flush(stream, progress)
        listed = self._counts.accepted + self._counts.quarantined + self._counts.duplicate
        self._counts.accepted += lines - listed
        self._counts.lines = lines

    def _flush(self, stream: TextIO, progress: Callable[[int], None] | None) -> None:
        stream.write("".join(self._text))
        self._text.clear()
        if progress:
            progress(self._line_no - 1)

    def _write(self, transfer: Transfer) -> None:
        self._text.append(transfer.text)
        self._line_no += 1

    def _write_spoiled(self, transfer: Transfer, spoiled: Spoiled, of_line: int | None) -> None:
        self._write(transfer)
        self._key.add(
            self._feed,
            self._line_no,
            spoiled.outcome,
            spoiled.rule_ids,
            spoiled.flags,
            spoiled.kind,
            of_line,
        )
        if spoiled.outcome == "accepted":
            self._move(transfer)
        elif spoiled.counts_in:
            self._move(transfer, spoiled.counts_in)

    def _write_late(self, late: _Late) -> None:
        _, _, transfer, spoiled, of_line = late
        self._write_spoiled(transfer, spoiled, of_line)

    def _move(self, transfer: Transfer, mode: str = "strict") -> None:
        quarter = QUARTER_OF_DAY[transfer.seconds // DAY_SECONDS]
        eur, usd = self._converters[transfer.currency](transfer.amount)
        debited, credited = transfer.debited, transfer.credited
        if debited != NOBODY:
            self._balances.move(mode, quarter, debited, -eur, -usd)
        if credited != NOBODY:
            self._balances.move(mode, quarter, credited, eur, usd)
        if mode == "strict":
            self._counts.movements += (debited != NOBODY) + (credited != NOBODY)

    def _spoil(self, name: str, transfer: Transfer) -> None:
        """Writes ``transfer`` as one of class ``name``, and has its followers wait."""
        if name == shares.REDELIVERY:
            self._write(transfer)
            self._move(transfer)
            copy = Spoiled("duplicate", rule_ids=(name,), kind="equal")
            self._wait(transfer, copy, transfer.seconds + self._delay())
        elif name == shares.COLLISION:
            self._collide(transfer)
        elif name == shares.BATCH:
            self._batch(transfer)
        else:
            self._write_spoiled(transfer, SPOILERS[name](transfer, self._maker), None)

    def _delay(self) -> int:
        """Returns how late a line comes again, in seconds: minutes, a day or two, or weeks."""
        chance = self._rng.random()
        if chance < 0.4:
            return draw.between(self._rng, 0, 600)
        if chance < 0.8:
            return draw.between(self._rng, DAY_SECONDS, 2 * DAY_SECONDS)
        return draw.between(self._rng, 2 * DAY_SECONDS, 20 * DAY_SECONDS)

    def _wait(self, transfer: Transfer, spoiled: Spoiled, arrival: int) -> None:
        """Has a line wait that belongs to the one just written."""
        self._waited += 1
        heapq.heappush(self._late, (arrival, self._waited, transfer, spoiled, self._line_no))

    def _collide(self, first: Transfer) -> None:
        rng = self._rng
        other = self._maker.make(first.id, first.seconds)
        arrival = min(first.seconds + draw.between(rng, _HOUR, 10 * DAY_SECONDS), END - 1)
        kind = draw.pick(rng, ("other_parties", "other_time", "other_parties_and_time"))
        if kind == "other_time":
            other.sender, other.debited = first.sender, first.debited
            other.beneficiary, other.credited = first.beneficiary, first.credited
        are_same = (other.sender, other.beneficiary) == (first.sender, first.beneficiary)
        if kind != "other_parties" or are_same:
            other.seconds = arrival
        spoiled = Spoiled("accepted", flags=(shares.COLLISION,), kind=kind)
        self._write_spoiled(first, spoiled, None)
        self._wait(other, spoiled, arrival)

    def _batch(self, first: Transfer) -> None:
        size = self._batch_sizes.pop()
        # In the last days of the year no day is left for a half to be late.
        may_split = first.seconds < END - 4 * DAY_SECONDS
        is_split = may_split and self._rng.random() < shares.SPLIT_SHARE
        spoiled = Spoiled(
            "quarantined",
            rule_ids=(shares.BATCH,),
            kind="split_over_two_days" if is_split else "together",
            counts_in="include_batches",
        )
        self._write_spoiled(first, spoiled, None)
        amounts = {first.amount}
        for number in range(1, size):
            amount = self._maker.amount(first.currency)
            while amount in amounts:
                amount += 1
            amounts.add(amount)
            later = draw.between(self._rng, DAY_SECONDS, DAY_SECONDS + 12 * _HOUR)
            is_late = is_split and number == size - 1
            half = Transfer(
                first.id,
                first.sender,
                first.beneficiary,
                amount,
                first.currency,
                first.seconds,
                first.debited,
                first.credited,
            )
            self._wait(half, spoiled, first.seconds + (later if is_late else 0))
