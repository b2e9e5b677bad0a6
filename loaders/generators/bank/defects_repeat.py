"""Lines that come again, made from an earlier accepted line: duplicates and conflicts of ids."""

from __future__ import annotations

from collections.abc import Callable

from loaders.generators.bank import draw
from loaders.generators.bank.cases import Case, Kind
from loaders.generators.bank.defects_account import blank_before, braces, in_fours
from loaders.generators.bank.lines import (
    AMOUNT,
    CURRENCY,
    ID,
    RECEIVER,
    SENDER,
    TIME,
    amount_text,
)

Change = Callable[[str], str]


def _exact_duplicate(case: Case) -> None:
    case.reject("duplicate.exact")


def _duplicate_after(field: int, rule_id: str, change: Change) -> Callable[[Case], None]:
    """Returns an edit that makes the line equal to the earlier one only after cleaning."""

    def edit(case: Case) -> None:
        case.correct(rule_id, field, change(case.line.fields[field]))
        case.reject("duplicate.exact")

    return edit


def _duplicate_with_other_currency_text(case: Case) -> None:
    currency = case.line.fields[CURRENCY]
    if currency == "SEK":
        case.correct("currency.alias", CURRENCY, "SKR")
    else:
        case.correct("currency.case", CURRENCY, currency.lower())
    case.reject("duplicate.exact")


def _duplicate_with_zero(case: Case) -> None:
    # 3234.4 against 3234.40: both are canonical, so nothing is corrected. (Where the earlier amount
    # ends in another digit, this is the earlier line unchanged.)
    case.line.fields[AMOUNT] = case.canonical(AMOUNT)
    case.reject("duplicate.exact")


def _conflicting_amount(case: Case) -> None:
    line = case.line
    line.cents = line.cents + 100 if line.cents < 90_000_000 else line.cents - 100
    line.fields[AMOUNT] = amount_text(line.cents)
    case.reject("id.conflict")


def _conflicting_receiver(case: Case) -> None:
    fields = case.line.fields
    receiver = fields[RECEIVER]
    while fields[RECEIVER] in (receiver, fields[SENDER]):
        fields[RECEIVER] = draw.pick(case.maker.rng, case.maker.accounts)
    case.reject("id.conflict")


def _conflicting_time(case: Case) -> None:
    clock = case.line.clock
    while case.line.clock == clock:
        case.set_time(case.line.day, case.maker.clock_on(case.line.day))
    case.reject("id.conflict")


KINDS = (
    Kind("duplicate.exact", "unchanged", _exact_duplicate, "earlier"),
    Kind("duplicate.exact", "trailing_zero", _duplicate_with_zero, "earlier"),
    Kind("duplicate.exact", "currency", _duplicate_with_other_currency_text, "earlier"),
    Kind(
        "duplicate.exact",
        "amount_blank_before",
        _duplicate_after(AMOUNT, "amount.trimmed", blank_before),
        "earlier",
    ),
    Kind(
        "duplicate.exact",
        "time_blank_before",
        _duplicate_after(TIME, "ts.trimmed", blank_before),
        "earlier",
    ),
    Kind(
        "duplicate.exact",
        "account_in_fours",
        _duplicate_after(SENDER, "account.formatting", in_fours),
        "earlier",
    ),
    Kind(
        "duplicate.exact",
        "braces_around_id",
        _duplicate_after(ID, "id.formatting", braces),
        "earlier",
    ),
    Kind("id.conflict", "amount", _conflicting_amount, "earlier"),
    Kind("id.conflict", "receiver", _conflicting_receiver, "earlier"),
    Kind("id.conflict", "time", _conflicting_time, "earlier"),
)
