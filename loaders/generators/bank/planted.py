"""Planted payments as lines of a day: where in the file they stand, and their labels in the key."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from loaders.generators.bank import draw
from loaders.generators.bank.lines import Line, amount_text
from loaders.generators.bank.patterns import Payment, Side


class PlantedLines:
    """The planted lines of one file that are still to be written, and the labels of those that are.

    They have a random stream of their own, so that the normal lines around them do not change.
    """

    def __init__(self, rng: Random, payments: Sequence[Payment], rows: int) -> None:
        self.rng = rng
        # Among the normal records, never before the first.
        places = sorted((draw.between(rng, 1, max(1, rows)) for _ in payments), reverse=True)
        self._waiting = list(zip(places, draw.shuffled(rng, payments), strict=True))
        self.labels: list[dict[str, object]] = []

    def due(self, normal_records: int) -> Payment | None:
        """Returns the next payment to write after so many normal records, if one is due."""
        if self._waiting and self._waiting[-1][0] <= normal_records:
            return self._waiting.pop()[1]
        return None

    def rest(self) -> list[Payment]:
        """Returns, once, what was not due before the end of the file."""
        left = [payment for _, payment in reversed(self._waiting)]
        self._waiting.clear()
        return left

    def line(self, payment: Payment, line_no: int) -> Line:
        """Returns a payment as a line that no rule has anything to say about, and labels it."""
        rng = self.rng
        clock = payment.booked.strftime("%H:%M:%S")
        transaction_id = draw.uuid4(rng)
        self.labels.append(
            {
                "line_no": line_no,
                "transaction_id": transaction_id,
                "pattern": payment.pattern,
                "attempt": payment.attempt,
                "role": payment.role,
                "hop": payment.hop,
            }
        )
        return Line(
            [
                transaction_id,
                f"{payment.booked.date().isoformat()} {clock}",
                amount_text(payment.cents),
                payment.currency,
                payment.sender.account,
                payment.receiver.account,
                payment.sender.country.name,
                self._town(payment.sender),
                payment.receiver.country.name,
                self._town(payment.receiver),
                "outgoing" if payment.sender.is_own else "incoming",
                "",
            ],
            payment.cents,
            payment.booked.date(),
            clock,
            payment.sender.is_own,
            payment.receiver.is_own,
        )

    def _town(self, side: Side) -> str:
        return draw.pick(self.rng, side.country.cities)
