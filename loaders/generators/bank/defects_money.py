"""Defects of the amount and the currency, one function a raw form."""

from __future__ import annotations

from collections.abc import Callable

from loaders.generators.bank import draw
from loaders.generators.bank.cases import Case, Kind, writes
from loaders.generators.bank.lines import AMOUNT, CEILING, CURRENCY

_NO_BREAK = "\N{NO-BREAK SPACE}"
_NARROW_NO_BREAK = "\N{NARROW NO-BREAK SPACE}"

# Outside the ECB's list and the product's own seed of rates.
NO_RATE_CURRENCIES = ("KES", "UGX")


def trimmed_amount(before: str, after: str) -> Callable[[Case], None]:
    """Returns an edit that puts blanks around the amount."""

    def edit(case: Case) -> None:
        case.correct("amount.trimmed", AMOUNT, f"{before}{case.line.fields[AMOUNT]}{after}")

    return edit


def _inner_space(before: str, after: str) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        whole, decimals = case.set_cents(1_000_00)
        case.correct("amount.inner_space", AMOUNT, f"{whole}{before}.{after}{decimals}")

    return edit


def space_as_point(case: Case) -> None:
    """`33533 81`: a blank where the point should be."""
    whole, decimals = case.set_cents(1_000_00)
    case.correct("amount.space_as_point", AMOUNT, f"{whole} {decimals}")
    case.flag("amount.space_as_point")


def _decimal_comma(case: Case) -> None:
    whole, decimals = case.set_cents(1_00)
    case.correct("amount.decimal_comma", AMOUNT, f"{whole},{decimals}")


def _decimal_comma_one_decimal(case: Case) -> None:
    case.set_cents(1_00)
    case.line.cents -= case.line.cents % 10
    case.correct(
        "amount.decimal_comma", AMOUNT, f"{case.line.cents // 100},{case.line.cents // 10 % 10}"
    )


def _grouped(group: str, point: str) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        whole, decimals = case.set_cents(1_000_00)
        grouped = f"{int(whole):,}".replace(",", group)
        case.correct("amount.grouped", AMOUNT, f"{grouped}{point}{decimals}")

    return edit


def _grouped_million(case: Case) -> None:
    """`1 234 567,89` is grouped rightly, and above the ceiling."""
    case.line.cents = draw.between(case.maker.rng, CEILING + 1, 9 * CEILING)
    grouped = f"{case.line.cents // 100:,}".replace(",", " ")
    case.correct("amount.grouped", AMOUNT, f"{grouped},{case.line.cents % 100:02d}")
    case.reject("amount.implausible")


def _ambiguous(case: Case) -> None:
    rng = case.maker.rng
    case.reject("amount.ambiguous", AMOUNT, f"{draw.between(rng, 1, 99)},{draw.digits(rng, 3)}")


def too_precise(case: Case) -> None:
    """Three decimals, the last of them not 0."""
    rng = case.maker.rng
    raw = f"{draw.between(rng, 1, 9999)}.{draw.digits(rng, 2)}{draw.between(rng, 1, 9)}"
    case.reject("amount.too_precise", AMOUNT, raw)


def _negative(case: Case) -> None:
    case.reject("amount.not_positive", AMOUNT, f"-{case.line.fields[AMOUNT]}")


def implausible(form: str) -> Callable[[Case], None]:
    """Returns an edit that puts an amount above the ceiling; ``form`` is its decimals."""

    def edit(case: Case) -> None:
        whole = draw.between(case.maker.rng, 1_000_001, 9_999_999)
        case.reject("amount.implausible", AMOUNT, f"{whole}{form}")

    return edit


def trimmed_currency(before: str, after: str) -> Callable[[Case], None]:
    """Returns an edit that puts blanks around the currency."""

    def edit(case: Case) -> None:
        case.correct("currency.trimmed", CURRENCY, f"{before}{case.line.fields[CURRENCY]}{after}")

    return edit


def _lower_currency(case: Case) -> None:
    case.correct("currency.case", CURRENCY, case.line.fields[CURRENCY].lower())


def _title_currency(case: Case) -> None:
    case.correct("currency.case", CURRENCY, case.line.fields[CURRENCY].title())


def currency_alias(alias: str, currency: str) -> Callable[[Case], None]:
    """Returns an edit that makes the line one in ``currency``, written as ``alias``."""

    def edit(case: Case) -> None:
        case.set_currency(currency)
        case.correct("currency.alias", CURRENCY, alias)

    return edit


def _no_rate(currency: str) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        case.set_currency(currency)
        case.flag("fx.no_rate")

    return edit


KINDS = (
    Kind("amount.trimmed", "blank_before", trimmed_amount(" ", "")),
    Kind("amount.trimmed", "blank_after", trimmed_amount("", " ")),
    Kind("amount.trimmed", "no_break_space", trimmed_amount(_NO_BREAK, "")),
    Kind("amount.trimmed", "narrow_no_break_space", trimmed_amount("", _NARROW_NO_BREAK)),
    Kind("amount.inner_space", "space_before_point", _inner_space(" ", "")),
    Kind("amount.inner_space", "space_after_point", _inner_space("", " ")),
    Kind("amount.space_as_point", "space_as_point", space_as_point),
    Kind("amount.decimal_comma", "two_decimals", _decimal_comma),
    Kind("amount.decimal_comma", "one_decimal", _decimal_comma_one_decimal),
    Kind("amount.grouped", "spaces_and_comma", _grouped(" ", ",")),
    Kind("amount.grouped", "spaces_and_point", _grouped(" ", ".")),
    Kind("amount.grouped", "commas_and_point", _grouped(",", ".")),
    Kind("amount.grouped", "points_and_comma", _grouped(".", ",")),
    Kind("amount.grouped", "no_break_spaces_and_comma", _grouped(_NO_BREAK, ",")),
    Kind("amount.ambiguous", "comma_and_three_digits", _ambiguous),
    *writes("amount.missing", AMOUNT, {"empty": "", "blanks": "  "}),
    *writes(
        "amount.not_a_number",
        AMOUNT,
        {
            "nan": "NaN",
            "exponent": "1e5",
            "infinity": "Infinity",
            "words": "n/a",
            "points": "12.34.56",
        },
    ),
    *writes("amount.too_precise", AMOUNT, {"three_decimals": "12.345"}),
    Kind("amount.too_precise", "three_random_decimals", too_precise),
    *writes("amount.not_positive", AMOUNT, {"zero": "0.00", "minus_five": "-5.00"}),
    Kind("amount.not_positive", "negative", _negative),
    Kind("amount.implausible", "point_lost", implausible("")),
    Kind("amount.implausible", "two_zeros", implausible(".00")),
    Kind("amount.implausible", "grouped_million", _grouped_million),
    *writes("amount.implausible", AMOUNT, {"one_cent_above": "1000000.01"}),
    Kind("currency.trimmed", "blank_before", trimmed_currency(" ", "")),
    Kind("currency.trimmed", "blank_after", trimmed_currency("", " ")),
    Kind("currency.trimmed", "no_break_space", trimmed_currency("", _NO_BREAK)),
    Kind("currency.case", "lower", _lower_currency),
    Kind("currency.case", "title", _title_currency),
    Kind("currency.alias", "skr", currency_alias("SKR", "SEK")),
    Kind("currency.alias", "rmb", currency_alias("RMB", "CNY")),
    *writes("currency.missing", CURRENCY, {"empty": "", "blanks": " "}),
    *writes(
        "currency.unknown",
        CURRENCY,
        {"no_code": "XQZ", "bare_kr": "kr", "bare_dollar": "$", "four_letters": "SEKK"},
    ),
    *(Kind("fx.no_rate", code.lower(), _no_rate(code)) for code in NO_RATE_CURRENCIES),
)
