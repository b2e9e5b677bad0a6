"""The answer key of a generated cashflow: what must become of every line that is not clean.

`key.json`, format version 1, is one JSON object, with one entry of ``lines`` on a line of its own.
Its members, in this order::

    format_version  1
    feed            "cashflow"
    size, seed, companies
    first_date, last_date   the days of the transactions, in UTC, "YYYY-MM-DD"
    rates_date      the day whose rates rates.csv holds: give it as its business date
    rates           what rates.csv means: {currency: {units_per_eur, usd_per_unit}}, as text
    lines           {"sepa": [...], "swift": [...]}: every record that is not clean, in file order
      line_no       the line of the file; the header is line 1
      outcome       "quarantined", "duplicate" (a redelivery: counted once) or "accepted" (flagged)
      rule_ids      why it is quarantined or a duplicate; empty for accepted
      flags         sorted
      kind          which form of it this is
      of_line       the earlier line that it repeats, collides with or shares a batch with, or null
    counts          {"sepa": {...}, "swift": {...}}: lines, accepted, quarantined, duplicate,
                    movements (accepted legs on accounts of company_info), rules {rule_id: lines}
    balances        {mode: {quarter's last day: {companyID: {eur, usd}}}}, as text with two
                    decimals; opening balances are 0. Modes: see balances.Balances

The rules, told again here so that the key can be read alone:

- A redelivery equals an earlier line of its file in all six fields. No line is a redelivery and
  quarantined at once.
- A batch payment is all lines of a file with the same id, sender, beneficiary and time, and two or
  more amounts. The last line of some arrives a day after the others; its time is theirs.
- An id collision is two transactions of one id with other parties or another time. Both stay.
- An amount is converted by itself, half-even, to two decimals: to euros by ``units_per_eur``, to
  dollars by ``usd_per_unit``. A line belongs to the day of its time in UTC.
- Ids of sepa.csv and swift.csv have nothing to do with each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TextIO

FORMAT_VERSION = 1


@dataclass
class Counts:
    """What a feed's file holds, by what must become of it."""

    lines: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    movements: int = 0
    rules: dict[str, int] = field(default_factory=dict)


class KeyWriter:
    """Writes key.json while the lines that it describes are written; holds only the counts."""

    def __init__(self, stream: TextIO, about: dict[str, object]) -> None:
        self._stream = stream
        self.counts: dict[str, Counts] = {}
        head = {"format_version": FORMAT_VERSION, "feed": "cashflow", **about}
        stream.write("{")
        for name, value in head.items():
            stream.write(f"{json.dumps(name)}: {json.dumps(value)},\n")
        stream.write('"lines": {')

    def begin(self, feed: str) -> Counts:
        """Begins the list of a feed's lines; returns its counts, which the caller fills."""
        self._stream.write(f"{'],' if self.counts else ''}\n{json.dumps(feed)}: [")
        self._separator = "\n"
        self.counts[feed] = Counts()
        return self.counts[feed]

    def add(
        self,
        feed: str,
        line_no: int,
        outcome: str,
        rule_ids: Iterable[str],
        flags: Iterable[str],
        kind: str,
        of_line: int | None,
    ) -> None:
        """Adds the entry of one record, and counts it."""
        counts = self.counts[feed]
        entry = {
            "line_no": line_no,
            "outcome": outcome,
            "rule_ids": sorted(rule_ids),
            "flags": sorted(flags),
            "kind": kind,
            "of_line": of_line,
        }
        self._stream.write(self._separator + json.dumps(entry))
        self._separator = ",\n"
        setattr(counts, outcome, getattr(counts, outcome) + 1)
        for rule_id in (*rule_ids, *flags):
            counts.rules[rule_id] = counts.rules.get(rule_id, 0) + 1

    def close(self, balances: object) -> None:
        """Ends the lists of lines and writes counts and balances."""
        counts = {feed: asdict(found) for feed, found in self.counts.items()}
        self._stream.write(f']}},\n"counts": {json.dumps(counts)}')
        self._stream.write(f',\n"balances": {json.dumps(balances)}}}\n')
