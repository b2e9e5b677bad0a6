"""Defects of the countries and the transaction type, one function a raw form."""

from __future__ import annotations

from collections.abc import Callable

from loaders.generators.bank import draw
from loaders.generators.bank.cases import Case, Kind
from loaders.generators.bank.lines import (
    RECEIVER_COUNTRY,
    SENDER_COUNTRY,
    TYPE,
)
from loaders.generators.bank.lists import SWEDISH_TOWNS

Change = Callable[[str], str]


# --- the transaction type -------------------------------------------------------------------------


def _type_case(change: Change) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        case.correct("type.case", TYPE, change(case.line.fields[TYPE]))

    return edit


def _type_unreadable(raw: str) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        line = case.line
        if line.sender_own and line.receiver_own:
            direction = "internal"
        else:
            direction = "outgoing" if line.sender_own else "incoming"
        case.correct("type.unreadable", TYPE, raw, clean=direction)

    return edit


# --- countries ------------------------------------------------------------------------------------


def own_country_alias(raw: str) -> Callable[[Case], None]:
    """Returns an edit that writes Sweden in another way beside an own account."""
    return lambda case: case.correct("country.alias", case.own_side()[1], raw, clean="SE")


def _foreign_country_alias(raw: str, code: str) -> Callable[[Case], None]:
    return lambda case: case.correct("country.alias", case.make_foreign()[1], raw, clean=code)


def _from_own_account(*fields: int, towns: bool = True) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        case.make_internal()
        for field in fields:
            if not towns:
                case.line.fields[field + 1] = ""
            case.correct("country.from_own_account", field, "", clean="SE")
        case.flag("country.from_own_account")

    return edit


def _from_municipality(case: Case) -> None:
    _, country, town = case.make_foreign()
    case.line.fields[town] = draw.pick(case.maker.rng, SWEDISH_TOWNS)
    case.correct("country.from_municipality", country, "", clean="SE")
    case.flag("country.from_municipality")


def _country_lost(rule_id: str, raw: str, town_too: bool = False) -> Callable[[Case], None]:
    """Returns an edit after which the foreign side's country is null: flagged, not corrected."""

    def edit(case: Case) -> None:
        _, country, town = case.make_foreign()
        case.line.fields[country] = raw
        if town_too:
            case.line.fields[town] = ""
        case.flag(rule_id)

    return edit


KINDS = (
    Kind("type.case", "upper_case", _type_case(str.upper)),
    Kind("type.case", "title_case", _type_case(str.title)),
    Kind("type.unreadable", "sideways", _type_unreadable("sideways")),
    Kind("type.unreadable", "transfer", _type_unreadable("transfer")),
    Kind("type.unreadable", "empty", _type_unreadable("")),
    Kind("country.alias", "sverige", own_country_alias("Sverige")),
    Kind("country.alias", "lower_case", own_country_alias("sweden")),
    Kind("country.alias", "upper_case", own_country_alias("SWEDEN")),
    Kind("country.alias", "blanks", own_country_alias(" Sweden ")),
    Kind("country.alias", "island", _foreign_country_alias("Island", "IS")),
    Kind("country.alias", "swaziland", _foreign_country_alias("Swaziland", "SZ")),
    Kind("country.alias", "tyskland", _foreign_country_alias("Tyskland", "DE")),
    Kind("country.alias", "norge", _foreign_country_alias("Norge", "NO")),
    Kind("country.from_own_account", "sender", _from_own_account(SENDER_COUNTRY)),
    Kind("country.from_own_account", "receiver", _from_own_account(RECEIVER_COUNTRY)),
    Kind("country.from_own_account", "both", _from_own_account(SENDER_COUNTRY, RECEIVER_COUNTRY)),
    Kind("country.from_own_account", "town_too", _from_own_account(SENDER_COUNTRY, towns=False)),
    Kind("country.from_municipality", "foreign_account", _from_municipality),
    Kind("country.unknown", "empty", _country_lost("country.unknown", "")),
    Kind("country.unknown", "town_too", _country_lost("country.unknown", "", town_too=True)),
    Kind("country.unknown", "atlantis", _country_lost("country.unknown", "Atlantis")),
    Kind("country.ambiguous", "korea", _country_lost("country.ambiguous", "Korea")),
    Kind("country.ambiguous", "congo", _country_lost("country.ambiguous", "Congo")),
)
