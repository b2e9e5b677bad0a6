"""How a raw value of a file is shown in a report: whole where it cannot be about a person.

A field may hold anything, a name in the column of amounts too. So a value is shown only where it
has the shape of its field; of an account the ends stay, of anything else its length.
"""

from __future__ import annotations

import re
from typing import Any

# The columns of the file that a rule about a kind of field looks at.
_COLUMNS = {
    "account": ("sender_account", "receiver_account"),
    "country": ("sender_country", "receiver_country"),
    "type": ("transaction_type",),
}

# Letters and digits of an account that stay at either end, and how many characters, and digits
# among them, it takes to be one: 15 is the shortest IBAN, and a name has no digits.
_KEPT = 4
_LONG_ENOUGH = 15
_DIGITS_ENOUGH = 8

_AMOUNT = re.compile(r"\s*[+-]?\s*\d[\d\s.,']{0,19}(?:[eE][+-]?\d{1,3})?\s*|\s*(?i:nan|inf)\s*")
_TIMESTAMP = re.compile(
    r"\s*(?:\d{8}|\d{2,4}[-./]\d{1,2}[-./]\d{1,2})(?:[\sT]+[\d:.]{1,15})?(?:Z|[+-]\d\d:?\d\d)?\s*"
)
_CURRENCY = re.compile(r"\s*[A-Za-z]{1,3}\s*")
_ID = re.compile(r"[\s{]*([0-9A-Fa-f]{8})-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}[\s}]*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TYPE = re.compile(r"\s*(?i:outgoing|incoming|internal)\s*")

# A personal identity number, or a phone number, whatever the column it stands in.
_PERSONAL = re.compile(r"\s*(?:(?:\d{2})?\d{6}[-+]?\d{4}|[+]?0\d[\d\s-]{4,})\s*")


def columns_of(field: str) -> tuple[str, ...]:
    """Returns the columns of the file that a rule about ``field`` (reference.rules) looks at."""
    return _COLUMNS.get(field, (field,))


def shown(field: str, value: Any, rule_id: str = "") -> str:
    """Returns what a report says of ``value``, found in the file's column ``field``.

    ``rule_id`` is the rule that corrected it: a value that a list of aliases knows names no person.
    The result is plain text, not markup.
    """
    if value is None or value == "":
        return "(empty)"
    text = str(value)
    if field.endswith("account"):
        return masked_account(text)
    if rule_id in ("country.alias", "currency.alias"):
        return text
    if field == "transaction_id" and (match := _ID.fullmatch(text)):
        return text.replace(match[0].strip(" {}\t"), f"{match[1]}…")
    patterns = {
        "amount": _AMOUNT,
        "timestamp": _TIMESTAMP,
        "currency": _CURRENCY,
        "sender_country": _COUNTRY,
        "receiver_country": _COUNTRY,
        "transaction_type": _TYPE,
    }
    pattern = patterns.get(field)
    if pattern and pattern.fullmatch(text) and not is_personal(text):
        return text
    return f"(text, {len(text)} characters)"


def is_personal(text: str) -> bool:
    """True if ``text`` looks like a personal identity number or a phone number."""
    return _PERSONAL.fullmatch(text) is not None


def masked_account(text: str) -> str:
    """Returns an account number with its middle hidden, its blanks and hyphens where they were.

    What is too short to be one is hidden whole.
    """
    places = [i for i, character in enumerate(text) if character.isalnum()]
    digits = sum(character.isdigit() for character in text)
    if len(places) < _LONG_ENOUGH or digits < _DIGITS_ENOUGH:
        return re.sub(r"[^\s-]", "•", text[:40])
    kept = {*places[:_KEPT], *places[-_KEPT:]}
    return "".join(
        character if i in kept or character == "-" or character.isspace() else "•"
        for i, character in enumerate(text[:60])
    )
