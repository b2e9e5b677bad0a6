"""Exchange rates as the real service gives them: two columns, whose names mislead.

``usd_rate`` is units of the currency for one euro, and ``eur_rate`` what one unit is in dollars. So
the product of the two is about what a euro is in dollars, for every currency but the euro itself,
whose ``eur_rate`` (what a dollar is in euros) is the odd one out. ``SGP`` is no currency: SGD is.

The values are the European Central Bank's of 2025-12-31. None of them, with two decimals of money,
gives a quotient that lies just between two cents, so that it does not matter how the division is
written down.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

RATES_DATE = date(2025, 12, 31)
HEADER = "currency,usd_rate,eur_rate"

# currency, usd_rate (units for a euro), eur_rate (dollars for a unit; of the euro: see above)
RATES = (
    ("EUR", "1", "0.8511"),
    ("GBP", "0.8726", "1.3466"),
    ("USD", "1.175", "1"),
    ("SGP", "1.5105", "0.7779"),
    ("JPY", "184.09", "0.006383"),
    ("NOK", "11.843", "0.09921"),
    ("PLN", "4.221", "0.2784"),
    ("SEK", "10.8215", "0.10858"),
    ("CHF", "0.9314", "1.2615"),
)

CURRENCIES = tuple(currency for currency, _, _ in RATES if currency != "SGP")


def rates_text() -> str:
    """Returns the text of rates.csv."""
    return "\n".join([HEADER, *[",".join(rate) for rate in RATES]]) + "\n"


def directed_rates() -> dict[str, dict[str, str]]:
    """Returns what the rates mean, by currency: the divisor to euros, the factor to dollars."""
    by_currency = {currency: (usd_rate, eur_rate) for currency, usd_rate, eur_rate in RATES}
    dollars_for_a_euro = by_currency["USD"][0]
    return {
        currency: {
            "units_per_eur": by_currency[currency][0],
            "usd_per_unit": dollars_for_a_euro if currency == "EUR" else by_currency[currency][1],
        }
        for currency in CURRENCIES
    }


Convert = Callable[[int], tuple[int, int]]


def converters() -> dict[str, Convert]:
    """Returns, by currency, what turns minor units into cents of (euros, dollars), half-even."""
    return {
        currency: _converter(rate["units_per_eur"], rate["usd_per_unit"])
        for currency, rate in directed_rates().items()
    }


def _converter(units_per_eur: str, usd_per_unit: str) -> Convert:
    divisor, divisor_scale = _whole(units_per_eur)
    factor, factor_scale = _whole(usd_per_unit)

    def convert(minor_units: int) -> tuple[int, int]:
        return (
            divided_half_even(minor_units * divisor_scale, divisor),
            divided_half_even(minor_units * factor, factor_scale),
        )

    return convert


def _whole(rate: str) -> tuple[int, int]:
    """Returns ``rate`` as a whole number and the power of ten that it is to be divided by."""
    whole, _, decimals = rate.partition(".")
    return int(whole + decimals), int(10 ** len(decimals))


def divided_half_even(number: int, divisor: int) -> int:
    """Returns ``number / divisor`` (neither is negative), rounded half to even."""
    quotient, rest = divmod(number, divisor)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
    return quotient
