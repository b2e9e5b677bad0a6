"""Lines that are no records: what a broken export or a bad transfer leaves in a file.

Each function takes a plain clean line and returns the text of the physical line. A byte that is not
UTF-8 stands in it as the surrogate that the ``surrogateescape`` error handler writes back as that
byte.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from loaders.generators.bank import draw
from loaders.generators.bank.lines import HEADER, NOTE, RECEIVER_TOWN, SENDER_TOWN, Line


def _with(line: Line, field: int, text: str) -> str:
    line.fields[field] = text
    return line.text()


def _too_few_fields(rng: Random, line: Line) -> str:
    return ",".join(line.fields[: draw.between(rng, 2, 11)])


def _too_many_fields(rng: Random, line: Line) -> str:
    return _with(line, NOTE, draw.pick(rng, ("Rent, unquoted", "Books, second hand, three", ",")))


def _semicolons(rng: Random, line: Line) -> str:
    return ";".join(line.fields)


def _stray_quote(rng: Random, line: Line) -> str:
    return _with(line, NOTE, draw.pick(rng, ('Screen 27" with stand', 'Online purchase"')))


def _quotes_inside(rng: Random, line: Line) -> str:
    return _with(line, NOTE, 'Gift "summer house" fund')


def _text_after_closing_quote(rng: Random, line: Line) -> str:
    return _with(line, NOTE, '"Rent" transfer')


def _unclosed_note(rng: Random, line: Line) -> str:
    return _with(line, NOTE, '"Rent transfer')


def _unclosed_town(rng: Random, line: Line) -> str:
    return _with(line, SENDER_TOWN, '"Malmö')


def _nul_byte(rng: Random, line: Line) -> str:
    return _with(line, NOTE, "Subscription\0fee")


def _windows_1252(rng: Random, line: Line) -> str:
    return _with(line, RECEIVER_TOWN, "V\udce4xj\udcf6")


def _cut_inside_character(rng: Random, line: Line) -> str:
    return _with(line, RECEIVER_TOWN, "Bor\udcc3s")


def _header_repeated(rng: Random, line: Line) -> str:
    return HEADER


MALFORMED_KINDS: dict[str, Callable[[Random, Line], str]] = {
    "too_few_fields": _too_few_fields,
    "too_many_fields": _too_many_fields,
    "semicolons": _semicolons,
    "stray_quote": _stray_quote,
    "quotes_inside": _quotes_inside,
    "text_after_closing_quote": _text_after_closing_quote,
    "unclosed_note": _unclosed_note,
    "unclosed_town": _unclosed_town,
    "nul_byte": _nul_byte,
    "windows_1252": _windows_1252,
    "cut_inside_character": _cut_inside_character,
    "header_repeated": _header_repeated,
}

# The line after one of these is an ordinary record without a quote: it shows whether the open quote
# swallowed it, and no reader can take the two for one legal record with a line break.
UNCLOSED_KINDS = frozenset({"unclosed_note", "unclosed_town"})
