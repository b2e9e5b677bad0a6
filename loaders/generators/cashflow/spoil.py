"""What is written into a transfer that is wrong in itself, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loaders.generators.bank import draw
from loaders.generators.bank.places import is_iban_checksum_right
from loaders.generators.cashflow import shares
from loaders.generators.cashflow.transfers import NOBODY, Transfer, TransferMaker

# No country of ISO 3166-1. Two are likely slips: the United Kingdom is GB, and the EU no country.
NO_COUNTRIES = ("UK", "EU", "ZZ", "QX", "1B")
# SGD is Singapore's; rates.csv has a row for SGP all the same.
NO_CURRENCIES = ("SGP", "SGP", "ZZZ")


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What must become of a line; see :mod:`answer_key` for the fields.

    ``counts_in`` is the mode in which a quarantined line counts all the same.
    """

    outcome: str
    rule_ids: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    kind: str = ""
    counts_in: str | None = None


def _with_bad_country(transfer: Transfer, maker: TransferMaker) -> Spoiled:
    """Spoils either account; the other one is the valid leg."""
    start = draw.pick(maker.rng, (*NO_COUNTRIES, ""))
    is_sender = maker.rng.random() < 0.5
    account = transfer.sender if is_sender else transfer.beneficiary
    _replace(transfer, is_sender, start + account[2:] if start else "")
    return Spoiled(
        "quarantined",
        rule_ids=(shares.IBAN_COUNTRY,),
        kind=("sender_" if is_sender else "beneficiary_") + (start or "empty"),
        counts_in="one_valid_leg",
    )


def _with_bad_checksum(transfer: Transfer, maker: TransferMaker) -> Spoiled:
    """Spoils a stranger's account where there is one: the known leg must count all the same."""
    rng = maker.rng
    is_sender = transfer.debited == NOBODY
    account = transfer.sender if is_sender else transfer.beneficiary
    wrong = account
    kind = draw.pick(rng, ("check_digits", "one_digit"))
    while wrong == account or is_iban_checksum_right(wrong):
        if kind == "check_digits":
            wrong = f"{account[:2]}{draw.between(rng, 2, 98):02d}{account[4:]}"
        else:
            wrong = account[:-1] + draw.digits(rng, 1)
    _replace(transfer, is_sender, wrong)
    # Written otherwise, an account of SEPA is none of company_info any more.
    also = (shares.UNKNOWN_ACCOUNT,) if maker.is_sepa else ()
    return Spoiled("accepted", flags=(shares.IBAN_CHECKSUM, *also), kind=kind)


def _without_currency(transfer: Transfer, maker: TransferMaker) -> Spoiled:
    transfer.currency = ""
    return Spoiled("quarantined", rule_ids=(shares.CURRENCY_MISSING,), kind="empty")


def _with_unknown_currency(transfer: Transfer, maker: TransferMaker) -> Spoiled:
    transfer.currency = draw.pick(maker.rng, NO_CURRENCIES)
    return Spoiled("quarantined", rule_ids=(shares.CURRENCY_UNKNOWN,), kind=transfer.currency)


def _not_in_euros(transfer: Transfer, maker: TransferMaker) -> Spoiled:
    transfer.currency = draw.pick(maker.rng, ("USD", "GBP", "SEK"))
    return Spoiled("accepted", flags=(shares.NOT_EUR,), kind=transfer.currency)


def _touching_a_stranger(transfer: Transfer, maker: TransferMaker) -> Spoiled:
    is_sender = maker.rng.random() < 0.5
    _replace(transfer, is_sender, maker.stranger())
    kind = "sender" if is_sender else "beneficiary"
    return Spoiled("accepted", flags=(shares.UNKNOWN_ACCOUNT,), kind=kind)


def _replace(transfer: Transfer, is_sender: bool, account: str) -> None:
    """Gives one side an account that no company holds."""
    if is_sender:
        transfer.sender, transfer.debited = account, NOBODY
    else:
        transfer.beneficiary, transfer.credited = account, NOBODY


SPOILERS: dict[str, Callable[[Transfer, TransferMaker], Spoiled]] = {
    shares.IBAN_COUNTRY: _with_bad_country,
    shares.IBAN_CHECKSUM: _with_bad_checksum,
    shares.CURRENCY_MISSING: _without_currency,
    shares.CURRENCY_UNKNOWN: _with_unknown_currency,
    shares.NOT_EUR: _not_in_euros,
    shares.UNKNOWN_ACCOUNT: _touching_a_stranger,
}
