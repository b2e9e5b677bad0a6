"""What goes wrong with an answer, drawn from a seed: the same requests meet the same faults."""

from __future__ import annotations

from random import Random
from typing import Literal
from zlib import crc32

# error: a 500. repeat: the last answer again. slow: in pieces. hang: no answer at all. cut: the
# connection ends before the body does. short: the body ends early, and its length agrees.
Fault = Literal["error", "repeat", "slow", "hang", "cut", "short"]

_SHARES: dict[Fault, float] = {
    "error": 0.10,
    "repeat": 0.08,
    "slow": 0.08,
    "hang": 0.03,
    "cut": 0.06,
    "short": 0.03,
}

# So that a reader who asks again a few times gets through.
_AT_MOST_IN_A_ROW = 2


class Faults:
    """The faults of one run. ``is_lossy``: what generation 1 has answered is gone if it is lost.

    Then an answer that is cut or never comes has moved the server's cursor all the same, as that
    of the real service does. Without it, every line can still be had.
    """

    def __init__(self, seed: int, is_lossy: bool = False) -> None:
        self.is_lossy = is_lossy
        self._seed = seed
        self._rngs: dict[str, Random] = {}
        self._in_a_row: dict[str, int] = {}

    def next(self, endpoint: str) -> Fault | None:
        """Returns what goes wrong with the next answer of ``endpoint``, or None."""
        rng = self._rngs.setdefault(endpoint, Random(self._seed * 2**32 + crc32(endpoint.encode())))
        chance = rng.random()
        if self._in_a_row.get(endpoint, 0) < _AT_MOST_IN_A_ROW:
            for fault, share in _SHARES.items():
                if chance < share:
                    # A slow answer is an answer.
                    spoils = fault != "slow"
                    self._in_a_row[endpoint] = self._in_a_row.get(endpoint, 0) + spoils
                    return fault
                chance -= share
        self._in_a_row[endpoint] = 0
        return None
