"""The payments of a load, shown: their sums in every currency, their direction, their days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.report import data
from sluss.report.load import Load, records
from sluss.report.tables import NOTHING, Column, Html, bar, named, percent, sentence, table
from sluss.report.views import note

if TYPE_CHECKING:
    import pandas as pd

_DIRECTIONS = {
    "internal": "Between own accounts",
    "outgoing": "Outgoing",
    "incoming": "Incoming",
}


def reconciliation_table(currencies: pd.DataFrame) -> Html | None:
    """Returns each currency led from what was read to what was accepted; None without lines."""
    rows = [
        {
            "currency": row["currency"],
            "read": row["read_amount"],
            # Nothing is drawn as nothing: what happened stands out.
            **{
                step: row[f"{step}_amount"] or None
                for step in ("corrected", "rejected", "repeated")
            },
            "accepted": _led(row),
        }
        for row in records(currencies)
    ]
    if not rows:
        return None
    columns = [
        Column("currency", "Currency"),
        Column("read", "Read", "number", 2),
        Column("corrected", "+ corrected", "number", 2),
        Column("rejected", "− rejected", "number", 2),
        Column("repeated", "− repeated", "number", 2),
        Column("accepted", "= accepted", "number", 2),
    ]
    return table(rows, columns) + note(
        "Read: the sum of the lines whose amount and currency stand as promised, from the raw text."
        " Corrected: lines that became readable. Rejected and repeated: lines that could be read,"
        " and are not accepted."
    )


def sek_table(load: Load, currencies: pd.DataFrame) -> Html | None:
    """Returns what was accepted in each currency, in it and in kronor; None where nothing was."""
    rows = [{**row, **_rate(row)} for row in records(currencies) if row["accepted_count"]]
    if not rows or not load.is_published:
        return None
    amounts = [row["accepted_amount_sek"] for row in rows if row["accepted_amount_sek"]]
    columns = [
        Column("currency", "Currency"),
        Column("accepted_count", "Payments", "number"),
        Column("accepted_amount", "Accepted", "number", 2),
        Column("rate", "SEK for one", "number"),
        Column("rate_date", "Rate of", "short"),
        Column("source", "Source", "short"),
        Column("accepted_amount_sek", "In SEK", "number", 2),
    ]
    total = {
        "currency": "All",
        "accepted_count": sum(row["accepted_count"] for row in rows),
        "accepted_amount_sek": sum(amounts) if amounts else None,
        # A sum of different currencies would be a sum of nothing.
        **dict.fromkeys(("accepted_amount", "rate", "rate_date", "source"), ""),
    }
    return table(rows, columns, total) + note(
        "The rate shown is that of the bank day. Payments booked on another day are converted at"
        " the rate of theirs: +2 stands for two more rates. What has no rate is not in the sum."
    )


def direction_table(load: Load, directions: pd.DataFrame) -> Html | None:
    """Returns payments and kronor in each direction; None where there are no payments."""
    rows = [
        (_DIRECTIONS[row["direction"]], row["line_count"], row["amount_sek"])
        for row in records(directions)
    ]
    return _shares("Direction", load, rows)


def booking_day_table(load: Load, days: pd.DataFrame) -> Html | None:
    """Returns how far from the bank day payments are booked; None where there are no payments."""
    stale = int(data.setting("stale_after_days"))
    names = {
        1: "On the bank day",
        2: f"Up to {stale} days before",
        3: f"More than {stale} days before (flagged)",
        4: "After the bank day",
    }
    rows = [(names[row["place"]], row["line_count"], row["amount_sek"]) for row in records(days)]
    return _shares("Booked", load, rows)


def borders(load: Load, flows: pd.DataFrame) -> Html | None:
    """Returns in a sentence how many payments stay in a country, and how many cross a border."""
    if flows.empty:
        return None
    at_home = across = unknown = 0
    countries = set()
    for row in records(flows):
        sides = row["sender_country"], row["receiver_country"]
        countries |= {side for side in sides if side}
        if None in sides:
            unknown += row["line_count"]
        elif sides[0] == sides[1]:
            at_home += row["line_count"]
        else:
            across += row["line_count"]
    said = (
        f"{at_home:,} payments ({percent(at_home, load.accepted_count)}) stay within a country, "
        f"{across:,} cross a border; {len(countries)} countries take part."
    )
    if unknown:
        said += f" Of {unknown:,} one country or both are not known."
    return sentence(said)


def _shares(heading: str, load: Load, rows: list[tuple[str, int, Any]]) -> Html | None:
    if not rows:
        return None
    columns = [
        Column("name", heading),
        Column("lines", "Payments", "number"),
        Column("share", "Share", "number"),
        Column("bar", ""),
        Column("sek", "SEK", "number", 2),
    ]
    return table(
        (
            {
                "name": name,
                "lines": lines,
                "share": percent(lines, load.accepted_count),
                "bar": bar(lines / load.accepted_count),
                "sek": amount,
            }
            for name, lines, amount in rows
        ),
        columns,
    )


def _led(row: dict[str, Any]) -> Any:
    """Returns what is accepted in a currency; of a held load, what would be."""
    return (
        row["read_amount"]
        + row["corrected_amount"]
        - row["rejected_amount"]
        - row["repeated_amount"]
    )


def _rate(row: dict[str, Any]) -> dict[str, Any]:
    if row["currency"] == "SEK":
        return {"rate": NOTHING, "rate_date": NOTHING, "source": NOTHING}
    if row["fx_rate"] is None:
        return {"rate": "no rate", "rate_date": NOTHING, "source": NOTHING}
    others = (row["rate_count"] or 1) - 1
    day = f"{row['fx_rate_date']:%-d %b %Y}"
    return {
        "rate": f"{row['fx_rate']:{'.4f' if row['fx_rate'] >= 1 else '.4g'}}",
        "rate_date": named(day, f"+{others}") if others else day,
        # The seed's sources are sentences; what kind of rate it is stands before the brackets.
        "source": str(row["fx_source"]).split(" (")[0],
    }
