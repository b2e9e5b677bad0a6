"""How the two generations of the service write their answers.

Seen in samples of the real service; what they do not show (the names of the documents with
companies, say) follows from the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from loaders.simulators.cdm.data import Row

# How many transactions stand in one of the documents that are glued together.
_DOCUMENT_ROWS = 400


def answer(generation: int, endpoint: str, rows: Sequence[Row]) -> bytes:
    """Returns the body with which a generation of the service answers."""
    if generation == 2:
        return json.dumps([_SECOND[endpoint](row) for row in rows], ensure_ascii=False).encode()
    items = [_FIRST[endpoint](row) for row in rows]
    if endpoint not in ("sepa", "swift"):
        return _document(endpoint, items)
    # Two documents at least, where there are two rows.
    size = min(_DOCUMENT_ROWS, max(1, len(items) // 2))
    pieces = [items[first : first + size] for first in range(0, len(items), size)] or [[]]
    return b"".join(_document(f"{endpoint}_transactions", piece) for piece in pieces)


def _document(name: str, items: list[str]) -> bytes:
    """A JSON object whose value is a JSON array, as a string."""
    return json.dumps({name: f"[{','.join(items)}]"}, ensure_ascii=False).encode()


def _items(**values: str) -> str:
    """A JSON object of values that are JSON already."""
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in values.items()) + "}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: str) -> str:
    """A decimal as a JSON number, without zeros at its end."""
    whole, _, decimals = value.partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def _first_company(row: Row) -> str:
    known = {name: _text(row[name]) for name in ("owner", "address") if row[name]}
    return _items(
        companyID=row["companyID"],
        ibans=_text(row["ibans"]),
        name=_text(row["name"]),
        **known,
        balance=_number(row["balance"]),
    )


def _first_transaction(row: Row) -> str:
    return _items(
        id=row["id"],
        sender=_text(row["sender"]),
        beneficiary=_text(row["beneficiary"]),
        amount=_items(Float=_number(row["amount"])),
        currency=_text(row["currency"]),
        time=_text(row["time"]),
    )


def _rate(row: Row) -> str:
    return _items(
        currency=_text(row["currency"]),
        usd_rate=_number(row["usd_rate"]),
        eur_rate=_number(row["eur_rate"]),
    )


def _second_company(row: Row) -> dict[str, object]:
    accounts = row["ibans"].strip("{}").split(",")
    return {
        "id": int(row["companyID"]),
        # Python's way of writing a list.
        "ibans": str(accounts),
        "name": row["name"],
        **{name: row[name] for name in ("owner", "address") if row[name]},
        "balance": row["balance"],
    }


def _second_transaction(row: Row, sender: str, beneficiary: str) -> dict[str, object]:
    number = int(row["id"])
    return {
        "id": number,
        sender: row["sender"],
        beneficiary: row["beneficiary"],
        # One or the other, as seen; no float loses a cent below ten thousand billions.
        "amount": row["amount"] if number % 3 else float(row["amount"]),
        "currency": row["currency"] or (None if number % 2 else ""),
        "time": row["time"],
    }


def _second_rate(row: Row) -> dict[str, object]:
    return {
        "currency": row["currency"],
        "usd_rate": float(row["usd_rate"]),
        "eur_rate": row["eur_rate"],
    }


_FIRST = {
    "company_info": _first_company,
    "exchange_rates": _rate,
    "sepa": _first_transaction,
    "swift": _first_transaction,
}
_SECOND = {
    "company_info": _second_company,
    "exchange_rates": _second_rate,
    "sepa": lambda row: _second_transaction(row, "payer", "receiver"),
    "swift": lambda row: _second_transaction(row, "sender", "beneficiary"),
}
