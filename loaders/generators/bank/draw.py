"""Drawing numbers and choices so that a seed gives the same file on every machine and Python.

Only ``Random.random()`` and ``Random.getrandbits()`` are used, whose sequences Python promises to
keep, and only arithmetic that IEEE 754 defines to the last bit (``+ - * /`` and the square root).
The other methods of ``random`` may change between versions, and ``exp`` or ``log`` differ between C
libraries.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHANUMERIC = "0123456789" + _LETTERS

_VERSION_4 = 4 << 76
_VARIANT = 2 << 62
_KEPT_BITS = (1 << 128) - 1 - (15 << 76) - (3 << 62)


def below(rng: Random, limit: int) -> int:
    """Returns a whole number from 0 up to, not including, ``limit`` (at most 2**53)."""
    return int(rng.random() * limit)


def between(rng: Random, low: int, high: int) -> int:
    """Returns a whole number from ``low`` to ``high``, both included."""
    return low + int(rng.random() * (high - low + 1))


def pick(rng: Random, choices: Sequence[T]) -> T:
    """Returns one of ``choices``, each as likely as the other."""
    return choices[int(rng.random() * len(choices))]


def shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    """Returns ``items`` in a random order (Fisher and Yates)."""
    order = list(items)
    for last in range(len(order) - 1, 0, -1):
        other = below(rng, last + 1)
        order[last], order[other] = order[other], order[last]
    return order


def digits(rng: Random, count: int) -> str:
    """Returns ``count`` random digits as text."""
    text = ""
    while count > 15:  # a float holds 15 digits exactly
        text += f"{below(rng, 10**15):015d}"
        count -= 15
    return text + f"{below(rng, 10**count):0{count}d}"


def letters(rng: Random, count: int) -> str:
    """Returns ``count`` random letters A-Z."""
    return "".join([pick(rng, _LETTERS) for _ in range(count)])


def alphanumeric(rng: Random, count: int) -> str:
    """Returns ``count`` random digits and letters A-Z."""
    return "".join([pick(rng, _ALPHANUMERIC) for _ in range(count)])


def uuid4(rng: Random) -> str:
    """Returns a random UUID of version 4 in its canonical text form."""
    text = f"{rng.getrandbits(128) & _KEPT_BITS | _VERSION_4 | _VARIANT:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def heavy_tailed(rng: Random, scale: int, ceiling: int) -> int:
    """Returns an amount in minor units: many small, a few a hundred times larger, none above
    ``ceiling``.

    A Lomax distribution with exponent 2 (median 0.41 times ``scale``), chosen because it needs no
    more than a square root.
    """
    while True:
        amount = 100 + int(scale * (1.0 / math.sqrt(1.0 - rng.random()) - 1.0))
        if amount <= ceiling:
            return amount
