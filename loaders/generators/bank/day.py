"""Writes the transactions of one day, and beside them the key that says what was done to which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from loaders.generators.bank import draw
from loaders.generators.bank.answer_key import KeyWriter
from loaders.generators.bank.cases import STALE_DAYS, Case, Kind
from loaders.generators.bank.lines import CURRENCY, HEADER, ID, TYPE, Line, LineMaker
from loaders.generators.bank.malformed import MALFORMED_KINDS, UNCLOSED_KINDS
from loaders.generators.bank.patterns import Payment
from loaders.generators.bank.planted import PlantedLines
from loaders.generators.bank.shares import BLANK, MALFORMED, RESENT, Quota, quotas

# What duplicates and conflicts are made from: a sample of the accepted lines before them.
_REMEMBERED_LINES = 256
_REMEMBER_EVERY = 16  # a power of two
_FLUSH_EVERY = 2_048  # records; a power of two

# An accepted line with one of these corrected, and no flag, is remembered in its clean form.
_REPEATABLE_FIELDS = frozenset({"transaction_id", "timestamp", "amount", "currency"})
# Ids of lines rejected for one of these come again in order; a bank would send such a line anew.
_RESENT_AFTER = frozenset(
    {"amount.missing", "amount.not_a_number", "currency.unknown", "ts.no_such_day"}
)


@dataclass(frozen=True)
class GeneratedDay:
    """What was written: the counts of the answer key."""

    rows: int
    accounts: int
    business_date: date
    accepted: int
    corrected: int
    rejected: int
    duplicate: int
    malformed: int
    blank_lines: int
    planted: int = 0


class DayWriter:
    """The state of one file being written: where in it we are, and what was counted so far."""

    def __init__(
        self,
        maker: LineMaker,
        stream: BinaryIO,
        key: KeyWriter,
        planted: PlantedLines | None = None,
    ) -> None:
        self.maker = maker
        self.planted = planted
        self.rng = maker.rng
        self.stream = stream
        self.key = key
        self.pending = [HEADER + "\n"]
        self.line_no = 2  # of the next physical line
        self.records = 0
        self.counts = dict.fromkeys(
            ("accepted", "corrected", "rejected", "duplicate", "malformed"), 0
        )
        self.blank_lines = 0
        self.contradictions = 0
        self.totals: dict[str, list[int]] = {}
        self.remembered: list[Line] = []
        self.rejected_ids: list[str] = []

    def write(self, rows: int, progress: Callable[[int], None] | None) -> GeneratedDay:
        """Writes ``rows`` records, spread so that each class has exactly its quota.

        Planted lines come on top.
        """
        classes = quotas(self.rng, rows)
        spoiled = sum(quota.left for quota in classes)
        # An unclosed quote takes its plain follower with it, a blank line is no record, and the
        # first record is clean, so that there is something to repeat.
        units = rows - 1 - _unclosed(classes) + next(q.left for q in classes if q.name == BLANK)
        random = self.rng.random
        self._clean(self.maker.clean())
        for left in range(units, 0, -1):
            # Drawing without replacement: exact numbers in random order, without holding the order.
            place = int(random() * left)
            if place >= spoiled:
                self._clean(self.maker.clean())
            else:
                spoiled -= 1
                self._spoiled(classes, place)
            if self.planted is not None:
                self._plant_due(self.planted)
            if not self.records % _FLUSH_EVERY:
                self._flush()
                if progress is not None:
                    progress(self.records)
        if self.planted is not None:
            for payment in self.planted.rest():
                self._plant(self.planted, payment)
        self._flush()
        if progress is not None:
            progress(self.records)
        return self._close(self.records)

    def _plant_due(self, planted: PlantedLines) -> None:
        while payment := planted.due(self.records - len(planted.labels)):
            self._plant(planted, payment)

    def _plant(self, planted: PlantedLines, payment: Payment) -> None:
        """Writes a planted payment; nothing repeats it, so it is not remembered."""
        line_no = self.line_no
        line = planted.line(payment, line_no)
        self._put(line.text())
        self._accept(line, line.fields[CURRENCY])
        if (self.maker.day - line.day).days > STALE_DAYS:
            self.key.add(line_no, "ts.stale", "planted", "accepted", flags=["ts.stale"])

    def _flush(self) -> None:
        self.stream.write("".join(self.pending).encode("utf-8", "surrogateescape"))
        self.pending.clear()

    def _put(self, text: str) -> None:
        self.pending.append(text + "\n")
        self.records += 1
        self.line_no += 1 + text.count("\n")

    def _accept(self, line: Line, currency: str) -> None:
        self.counts["accepted"] += 1
        total = self.totals.get(currency)
        if total is None:
            total = self.totals[currency] = [0, 0]
        total[0] += 1
        total[1] += line.cents

    def _clean(self, line: Line) -> None:
        self._put(line.text())
        self._accept(line, line.fields[CURRENCY])
        if line.contradicts_ownership():
            self.contradictions += 1
        if not self.records & (_REMEMBER_EVERY - 1) or not self.remembered:
            self._remember(line)

    def _remember(self, line: Line) -> None:
        if len(self.remembered) < _REMEMBERED_LINES:
            self.remembered.append(line)
        else:
            self.remembered[draw.below(self.rng, _REMEMBERED_LINES)] = line

    def _spoiled(self, classes: list[Quota], place: int) -> None:
        for quota in classes:
            if place < quota.left:
                break
            place -= quota.left
        kind = quota.next_kind()
        if quota.name == BLANK:
            self.pending.append("\n")
            self.line_no += 1
            self.blank_lines += 1
        elif quota.name == RESENT:
            line = self.maker.clean()
            if self.rejected_ids:
                line.fields[ID] = self.rejected_ids.pop()
            self._clean(line)
        elif quota.name == MALFORMED:
            self.key.add(self.line_no, MALFORMED, kind.name, "malformed", [MALFORMED])
            self._put(MALFORMED_KINDS[kind.name](self.rng, self.maker.plain()))
            self.counts["malformed"] += 1
            if kind.name in UNCLOSED_KINDS:
                self._clean(self.maker.plain())
        else:
            self._defective(kind)

    def _defective(self, kind: Kind) -> None:
        base = self._earlier(kind) if kind.base == "earlier" else self.maker.plain()
        case = Case(base, self.maker)
        kind.edit(case)
        case.finish()
        line = case.line
        if not case.failures:
            outcome = "accepted"
            self._count_accepted(case)
        elif case.failures == ["duplicate.exact"]:
            outcome = "duplicate"
        else:
            outcome = "rejected"
            if (
                case.failures[0] in _RESENT_AFTER
                and len(case.failures) == 1
                and len(self.rejected_ids) < 64
            ):
                self.rejected_ids.append(line.fields[ID])
        if outcome != "accepted":
            self.counts[outcome] += 1
        self.key.add(
            self.line_no,
            kind.rule_id,
            kind.name,
            outcome,
            case.failures,
            case.corrections,
            case.flags,
        )
        line.quoting = max(line.quoting, 1)
        self._put(line.text())

    def _earlier(self, kind: Kind) -> Line:
        """Returns a copy of an earlier accepted line; for `trailing_zero`, one that ends in 0."""
        start = draw.below(self.rng, len(self.remembered))
        if kind.name == "trailing_zero":
            for step in range(len(self.remembered)):
                line = self.remembered[(start + step) % len(self.remembered)]
                if line.cents % 10 == 0:
                    return line.copy()
        return self.remembered[start].copy()

    def _count_accepted(self, case: Case) -> None:
        clean = case.canonical_copy()
        self._accept(clean, clean.fields[CURRENCY])
        corrected = {correction.field for correction in case.corrections}
        if corrected:
            self.counts["corrected"] += 1
            if corrected <= _REPEATABLE_FIELDS and not case.flags:
                self._remember(clean)
        is_readable = clean.fields[TYPE] in ("incoming", "outgoing") and not any(
            correction.rule_id == "type.unreadable" for correction in case.corrections
        )
        if is_readable and clean.contradicts_ownership():
            self.contradictions += 1

    def _close(self, rows: int) -> GeneratedDay:
        totals = {
            currency: {
                "accepted_count": count,
                "accepted_amount": f"{cents // 100}.{cents % 100:02d}",
            }
            for currency, (count, cents) in sorted(self.totals.items())
        }
        self.key.close(
            {
                "counts": {**self.counts, "blank_lines": self.blank_lines},
                "classes": dict(sorted(self.key.classes.items())),
                "type_contradictions": self.contradictions,
                "currency_totals": totals,
                **({"planted": self.planted.labels} if self.planted is not None else {}),
            }
        )
        return GeneratedDay(
            rows=rows,
            accounts=len(self.maker.accounts),
            business_date=self.maker.day,
            blank_lines=self.blank_lines,
            planted=len(self.planted.labels) if self.planted is not None else 0,
            **self.counts,
        )


def _unclosed(classes: list[Quota]) -> int:
    """Returns how many lines with an unclosed quote the quotas will give."""
    quota = next(each for each in classes if each.name == MALFORMED)
    return sum(
        quota.kinds[turn % len(quota.kinds)].name in UNCLOSED_KINDS for turn in range(quota.left)
    )
