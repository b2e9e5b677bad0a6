"""What every company holds at every quarter's end, added up while the transactions are written."""

from __future__ import annotations

from array import array
from datetime import date

MODES = ("strict", "include_batches", "one_valid_leg")
QUARTER_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))


class Balances:
    """Cents of euros and dollars by mode, quarter and company; opening balances are 0."""

    def __init__(self, companies: int) -> None:
        self._companies = companies
        self._moved = {
            mode: [(_zeros(companies), _zeros(companies)) for _ in QUARTER_ENDS] for mode in MODES
        }

    def move(self, mode: str, quarter: int, company: int, eur: int, usd: int) -> None:
        """Adds to what ``company`` moved in ``quarter`` (0 to 3); a debit is negative."""
        in_eur, in_usd = self._moved[mode][quarter]
        in_eur[company] += eur
        in_usd[company] += usd

    def at_quarter_ends(self, year: int) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
        """Returns mode, quarter's last day, company id and then ``eur`` and ``usd`` as text.

        ``strict`` counts what is neither quarantined nor a redelivery. The other modes count that
        too, and besides it batch payments, or the valid leg of a transfer whose other IBAN is
        invalid.
        """
        found: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
        for mode in MODES:
            totals = [[0, 0] for _ in range(self._companies)]
            found[mode] = {}
            for quarter, (month, day) in enumerate(QUARTER_ENDS):
                for counted in {"strict", mode}:
                    in_eur, in_usd = self._moved[counted][quarter]
                    for company, total in enumerate(totals):
                        total[0] += in_eur[company]
                        total[1] += in_usd[company]
                found[mode][date(year, month, day).isoformat()] = {
                    str(company): {"eur": money(total[0]), "usd": money(total[1])}
                    for company, total in enumerate(totals)
                }
        return found


def _zeros(count: int) -> array[int]:
    return array("q", bytes(8 * count))


def money(cents: int) -> str:
    """Returns cents as an amount with two decimals."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
