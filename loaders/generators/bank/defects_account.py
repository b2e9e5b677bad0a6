"""Defects of ids and accounts, one function a raw form."""

from __future__ import annotations

from collections.abc import Callable

from loaders.generators.bank import draw
from loaders.generators.bank.cases import Case, Kind, writes
from loaders.generators.bank.lines import (
    ID,
    RECEIVER,
    RECEIVER_COUNTRY,
    SENDER,
    SENDER_COUNTRY,
)
from loaders.generators.bank.places import is_iban_checksum_right

Change = Callable[[str], str]


def in_fours(account: str) -> str:
    return " ".join([account[start : start + 4] for start in range(0, len(account), 4)])


def _hyphens(account: str) -> str:
    return in_fours(account).replace(" ", "-")


def blank_before(text: str) -> str:
    return f" {text}"


# --- ids ------------------------------------------------------------------------------------------


def _id_formatting(change: Change) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        case.correct("id.formatting", ID, change(case.line.fields[ID]))

    return edit


def braces(text: str) -> str:
    return f"{{{text}}}"


def _upper_case_id(case: Case) -> None:
    case.line.fields[ID] = (
        draw.uuid4(case.maker.rng)[:-1] + "e"
    )  # a letter, so that the case can differ
    case.correct("id.formatting", ID, case.line.fields[ID].upper())


def _not_uuid(change: Change) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        case.reject("id.not_uuid", ID, change(case.line.fields[ID]))

    return edit


def _numbered_id(case: Case) -> None:
    case.reject("id.not_uuid", ID, f"TX-{draw.between(case.maker.rng, 1, 99_999)}")


# --- accounts -------------------------------------------------------------------------------------


def account_formatting(foreign: bool, change: Change) -> Callable[[Case], None]:
    """Returns an edit that writes an own or a foreign account in another way."""

    def edit(case: Case) -> None:
        account = case.make_foreign()[0] if foreign else case.own_side()[0]
        case.correct("account.formatting", account, change(case.line.fields[account]))

    return edit


def account_missing(field: int, raw: str = "") -> Callable[[Case], None]:
    """Returns an edit that leaves an account out."""
    return lambda case: case.reject("account.missing", field, raw)


def _malformed(foreign: bool, change: Change) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        account = case.make_foreign()[0] if foreign else case.own_side()[0]
        case.reject("account.malformed", account, change(case.line.fields[account]))

    return edit


def _clearing_number(case: Case) -> None:
    rng = case.maker.rng
    raw = f"{draw.between(rng, 5000, 9999)}-{draw.digits(rng, 7)}"
    case.reject("account.malformed", case.make_foreign()[0], raw)


def checksum(change: Change) -> Callable[[Case], None]:
    """Returns an edit that spoils a foreign IBAN so that it fails mod 97."""

    def edit(case: Case) -> None:
        account = case.make_foreign()[0]
        spoiled = change(case.line.fields[account])
        while is_iban_checksum_right(spoiled):  # two equal neighbours were swapped
            case.make_foreign()
            spoiled = change(case.line.fields[account])
        case.reject("account.checksum", account, spoiled)

    return edit


def _other_last_digit(account: str) -> str:
    return account[:-1] + ("7" if account[-1] != "7" else "3")


def _swapped_digits(account: str) -> str:
    return f"{account[:-2]}{account[-1]}{account[-2]}"


def _unknown_own(field: int) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        case.make_internal()
        case.reject("account.unknown_own", field, case.maker.unknown_own_account())

    return edit


def _no_own_side(case: Case) -> None:
    fields = case.line.fields
    while True:
        for account in (SENDER, RECEIVER):
            country_field = SENDER_COUNTRY if account == SENDER else RECEIVER_COUNTRY
            fields[account], country, fields[country_field + 1] = case.maker.foreign_side(
                abroad=True
            )
            fields[country_field] = country.name
        if fields[SENDER] != fields[RECEIVER]:
            break
    case.reject("account.no_own_side")


def self_transfer(case: Case) -> None:
    """An account that pays itself: accepted, flagged."""
    case.make_internal()
    case.line.fields[RECEIVER] = case.line.fields[SENDER]
    case.flag("account.self_transfer")


def _self_transfer_formatted(case: Case) -> None:
    self_transfer(case)
    case.correct("account.formatting", RECEIVER, in_fours(case.line.fields[SENDER]))


KINDS = (
    *writes("id.missing", ID, {"empty": "", "blanks": "  "}),
    Kind("id.not_uuid", "numbered", _numbered_id),
    Kind("id.not_uuid", "cut_short", _not_uuid(lambda text: text[:23])),
    Kind("id.not_uuid", "not_hexadecimal", _not_uuid(lambda text: f"{text[:-1]}g")),
    Kind("id.formatting", "upper_case", _upper_case_id),
    Kind("id.formatting", "braces", _id_formatting(braces)),
    Kind("id.formatting", "blank_before", _id_formatting(blank_before)),
    Kind("id.formatting", "blank_after", _id_formatting(lambda text: f"{text} ")),
    Kind("account.formatting", "own_in_fours", account_formatting(False, in_fours)),
    Kind("account.formatting", "own_lower_case", account_formatting(False, str.lower)),
    Kind(
        "account.formatting", "own_blank_after", account_formatting(False, lambda text: f"{text} ")
    ),
    Kind("account.formatting", "iban_in_fours", account_formatting(True, in_fours)),
    Kind("account.formatting", "iban_hyphens", account_formatting(True, _hyphens)),
    Kind("account.formatting", "iban_lower_case", account_formatting(True, str.lower)),
    Kind("account.missing", "sender", account_missing(SENDER)),
    Kind("account.missing", "receiver", account_missing(RECEIVER)),
    Kind("account.missing", "blanks", account_missing(RECEIVER, "  ")),
    Kind("account.malformed", "own_too_short", _malformed(False, lambda text: text[:-1])),
    Kind("account.malformed", "own_too_long", _malformed(False, lambda text: f"{text}7")),
    Kind("account.malformed", "iban_too_short", _malformed(True, lambda text: text[:-2])),
    Kind("account.malformed", "no_such_country", _malformed(True, lambda text: f"XX{text[2:]}")),
    Kind("account.malformed", "no_country", _clearing_number),
    Kind("account.checksum", "other_digit", checksum(_other_last_digit)),
    Kind("account.checksum", "swapped_digits", checksum(_swapped_digits)),
    Kind("account.unknown_own", "sender", _unknown_own(SENDER)),
    Kind("account.unknown_own", "receiver", _unknown_own(RECEIVER)),
    Kind("account.no_own_side", "both_foreign", _no_own_side),
    Kind("account.self_transfer", "same_text", self_transfer),
    Kind("account.self_transfer", "same_after_cleaning", _self_transfer_formatted),
)
