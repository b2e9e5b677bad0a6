"""How much of a day is not clean, in one table, and how many lines of each class that makes.

A class is the rule that says most about a line; a kind is one raw form of it. Shares are of all
records; together about 7 % of the lines, of which 1.8 % are rejected and 0.2 % malformed (the
loader refuses a file with more than 1 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from loaders.generators.bank import (
    defects_account,
    defects_country,
    defects_money,
    defects_repeat,
    defects_time,
    draw,
    malformed,
)
from loaders.generators.bank.cases import Case, Edit, Kind
from loaders.generators.bank.lines import RECEIVER, SENDER

COMPOUND = "compound"  # two or three defects in one line
MALFORMED = "line.malformed"
# Two things that are not defects, and have no entry in the key: an empty line between records, and
# a line that was rejected before and now comes again in order, under the same id.
BLANK = "blank"
RESENT = "resent"

SHARES = {
    "id.missing": 0.0003,
    "id.not_uuid": 0.0003,
    "id.formatting": 0.0006,
    "id.conflict": 0.0005,
    "duplicate.exact": 0.0050,
    "ts.compact_date": 0.0010,
    "ts.two_digit_year": 0.0010,
    "ts.no_seconds": 0.0015,
    "ts.dot_time": 0.0010,
    "ts.iso": 0.0010,
    "ts.trimmed": 0.0005,
    "ts.hour_24": 0.0005,
    "ts.no_such_day": 0.0010,
    "ts.missing": 0.0003,
    "ts.unreadable": 0.0003,
    "ts.future": 0.0100,  # measured: 1 % up to a year forward
    "ts.stale": 0.0100,  # measured: 1 % a year or more back
    "ts.dst_gap": 0.0002,
    "ts.dst_ambiguous": 0.0002,
    "amount.trimmed": 0.0030,
    "amount.inner_space": 0.0006,
    "amount.space_as_point": 0.0006,
    "amount.decimal_comma": 0.0010,
    "amount.grouped": 0.0010,
    "amount.ambiguous": 0.0002,
    "amount.missing": 0.0003,
    "amount.not_a_number": 0.0004,
    "amount.too_precise": 0.0003,
    "amount.not_positive": 0.0004,
    "amount.implausible": 0.0006,
    "currency.trimmed": 0.0015,
    "currency.case": 0.0008,
    "currency.alias": 0.0015,
    "currency.missing": 0.0003,
    "currency.unknown": 0.0004,
    "fx.no_rate": 0.0006,
    "account.formatting": 0.0015,
    "account.missing": 0.0004,
    "account.malformed": 0.0004,
    "account.checksum": 0.0004,
    "account.unknown_own": 0.0004,
    "account.no_own_side": 0.0003,
    "account.self_transfer": 0.0005,
    "type.case": 0.0006,
    "type.unreadable": 0.0004,
    "country.alias": 0.0015,
    # Measured: each of the two country columns is empty on 0.5 % of the lines. (So are the two
    # columns of municipalities; an empty municipality is no defect, see lines.py.)
    "country.from_own_account": 0.0080,
    "country.from_municipality": 0.0005,
    "country.unknown": 0.0008,
    "country.ambiguous": 0.0004,
    COMPOUND: 0.0010,
    MALFORMED: 0.0020,
    BLANK: 0.0003,
    RESENT: 0.0003,
}

# From how many records on every class occurs at least twice, and every kind at least once.
ROWS_WITH_EVERY_CLASS = 2_000
ROWS_WITH_EVERY_KIND = 5_000


def _both(*edits: Edit) -> Edit:
    def edit(case: Case) -> None:
        for each in edits:
            each(case)

    return edit


def _all_kinds() -> tuple[Kind, ...]:
    return (
        *defects_account.KINDS,
        *defects_time.KINDS,
        *defects_money.KINDS,
        *defects_country.KINDS,
        *defects_repeat.KINDS,
    )


def _first_form(rule_id: str) -> Edit:
    """Returns the edit of the first raw form of a rule."""
    return next(kind.edit for kind in _all_kinds() if kind.rule_id == rule_id)


def _compound_kinds() -> tuple[Kind, ...]:
    account, country = defects_account, defects_country
    money, time = defects_money, defects_time
    return (
        Kind(
            "amount.missing",
            "amount_and_currency",
            _both(_first_form("amount.missing"), _first_form("currency.unknown")),
        ),
        Kind(
            "currency.alias",
            "alias_and_blank",
            _both(money.currency_alias("SKR", "SEK"), money.trimmed_amount(" ", "")),
        ),
        Kind(
            "ts.no_such_day",
            "day_and_account",
            _both(time.no_such_day("02-30"), account.account_missing(RECEIVER)),
        ),
        Kind(
            "ts.compact_date",
            "day_and_currency",
            _both(_first_form("ts.compact_date"), money.trimmed_currency("", " ")),
        ),
        Kind(
            "account.checksum",
            "account_and_amount",
            _both(_first_form("account.checksum"), money.implausible(".00")),
        ),
        Kind(
            "ts.future",
            "future_and_currency",
            _both(time.future(2, 30), _first_form("currency.missing")),
        ),
        Kind(
            "id.missing",
            "three_fields",
            _both(
                _first_form("id.missing"),
                _first_form("ts.unreadable"),
                _first_form("amount.not_a_number"),
            ),
        ),
        Kind(
            "ts.stale", "stale_and_country", _both(time.stale, country.own_country_alias("Sverige"))
        ),
        Kind(
            "amount.too_precise",
            "rejected_and_corrected",
            _both(money.too_precise, _first_form("currency.case")),
        ),
        Kind(
            "amount.space_as_point",
            "amount_and_self",
            _both(money.space_as_point, account.self_transfer),
        ),
        Kind(
            "ts.two_digit_year",
            "year_and_account",
            _both(time.two_digit_year, account.account_formatting(False, str.lower)),
        ),
        Kind(
            "account.missing",
            "both_accounts",
            _both(account.account_missing(SENDER), account.account_missing(RECEIVER)),
        ),
    )


def kinds_by_class() -> dict[str, tuple[Kind, ...]]:
    """Returns every class that spoils a record, in the order of SHARES, with its kinds."""
    kinds: dict[str, list[Kind]] = {}
    for kind in _all_kinds():
        kinds.setdefault(kind.rule_id, []).append(kind)
    kinds[COMPOUND] = list(_compound_kinds())
    return {name: tuple(kinds[name]) for name in SHARES if name not in (MALFORMED, BLANK, RESENT)}


@dataclass
class Quota:
    """How many lines of a class are still to come, and in which order its kinds take turns."""

    name: str
    left: int
    kinds: list[Kind]
    turn: int = 0

    def next_kind(self) -> Kind:
        """Returns the kind of the next line of this class."""
        kind = self.kinds[self.turn % len(self.kinds)]
        self.turn += 1
        self.left -= 1
        return kind


def _nothing(case: Case) -> None:
    del case


def quotas(rng: Random, rows: int) -> list[Quota]:
    """Returns the exact number of lines of each class in a file of ``rows`` records.

    A share that makes less than half a line makes none, unless the file is long enough for the
    minimum.
    """
    kinds = dict(kinds_by_class())
    kinds[MALFORMED] = tuple(Kind(MALFORMED, name, _nothing) for name in malformed.MALFORMED_KINDS)
    kinds[BLANK] = (Kind(BLANK, "blank", _nothing),)
    kinds[RESENT] = (Kind(RESENT, "resent", _nothing),)
    result = []
    for name, share in SHARES.items():
        minimum = 0
        if rows >= ROWS_WITH_EVERY_CLASS:
            minimum = max(2, len(kinds[name]) if rows >= ROWS_WITH_EVERY_KIND else 0)
        count = max(minimum, int(rows * share + 0.5))
        result.append(Quota(name, count, draw.shuffled(rng, kinds[name])))
    return result
