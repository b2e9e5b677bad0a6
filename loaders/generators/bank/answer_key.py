"""The answer key of a generated day: what must become of every line that is not clean.

`key.json`, format version 1, is one JSON object, with one entry of ``lines`` on a line of its own
so that it can be read (and written) without holding all of it. Its members, in this order::

    format_version       1
    feed                 "bank_transactions"
    rows                 records in transactions.csv: malformed ones too, not header and blank lines
    seed, business_date ("YYYY-MM-DD"), accounts
    lines                for every record that is not clean, in the order of the file:
      line_no            physical line on which it starts; the header is line 1
      class              the rule that says most about it
      kind               which raw form of it this is
      outcome            "accepted", "rejected", "duplicate" or "malformed"
      rule_ids           all failing rules, sorted; empty for accepted
      corrections        [{field, raw, clean, rule_id}], at most one a field. Clean values are text:
                         amounts with two decimals, times 'YYYY-MM-DD HH:MM:SS' in Stockholm,
                         countries as alpha-2, accounts in upper case without blanks, ids in lower
                         case, the type in lower case (what it reads, or the direction if it is
                         unreadable)
      flags              sorted; type.contradicts_ownership is not among them, but counted below
    counts               accepted, corrected (accepted with a correction), rejected, duplicate,
                         malformed, blank_lines
    classes              how many entries of each class
    type_contradictions  accepted lines whose type reads incoming though the sender is ours, or
                         outgoing though it is not (so a line between two own accounts is read from
                         the sender's side)
    currency_totals      {currency: {accepted_count, accepted_amount}} of all accepted lines, clean
                         ones included; the amount is text with two decimals
    planted              only where patterns are planted (:mod:`.patterns`), one entry a planted
                         line of this file: line_no, transaction_id, pattern, attempt, role, hop.
                         Labels: no model reads them

Corrections and flags are given for rejected and duplicate lines too: they say what was written into
the line besides what rejects it. Only those of accepted lines reach the books.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from loaders.generators.bank.cases import Correction

FORMAT_VERSION = 1


class KeyWriter:
    """Writes key.json while the lines it describes are written; holds only the counts."""

    def __init__(self, stream: TextIO, about: dict[str, object]) -> None:
        self._stream = stream
        self._separator = "\n"
        self.classes: dict[str, int] = {}
        head = {"format_version": FORMAT_VERSION, "feed": "bank_transactions", **about}
        for name, value in head.items():
            stream.write(
                f"{'{' if name == 'format_version' else ''}{_json(name)}: {_json(value)},\n"
            )
        stream.write('"lines": [')

    def add(
        self,
        line_no: int,
        class_name: str,
        kind: str,
        outcome: str,
        rule_ids: Iterable[str] = (),
        corrections: Iterable[Correction] = (),
        flags: Iterable[str] = (),
    ) -> None:
        """Adds the entry of one record."""
        entry = {
            "line_no": line_no,
            "class": class_name,
            "kind": kind,
            "outcome": outcome,
            "rule_ids": sorted(set(rule_ids)),
            "corrections": [asdict(correction) for correction in corrections],
            "flags": sorted(flags),
        }
        self._stream.write(self._separator + _json(entry))
        self._separator = ",\n"
        self.classes[class_name] = self.classes.get(class_name, 0) + 1

    def close(self, totals: dict[str, object]) -> None:
        """Ends the list of lines and writes the counts."""
        self._stream.write("\n]")
        for name, value in totals.items():
            self._stream.write(f",\n{_json(name)}: {_json(value)}")
        self._stream.write("}\n")


def _json(value: object) -> str:
    # Escaped to ASCII, so that a no-break space in a raw value can be seen.
    return json.dumps(value)
