"""How much of a feed is not clean, in one table, and which of its transactions that makes.

A class is what is wrong with a transaction (or with a group of lines). Shares are of all lines of
the feed and count the transactions spoiled, not the lines that come of it: a batch payment has two
or three lines, a redelivery adds one.
"""

from __future__ import annotations

from random import Random

from loaders.generators.bank import draw

BATCH = "cash.batch_payment"
REDELIVERY = "cash.redelivery"
COLLISION = "cash.id_collision"
IBAN_COUNTRY = "cash.iban_country"
IBAN_CHECKSUM = "cash.iban_checksum"
CURRENCY_MISSING = "cash.currency_missing"
CURRENCY_UNKNOWN = "cash.currency_unknown"
NOT_EUR = "cash.sepa_not_eur"
UNKNOWN_ACCOUNT = "cash.sepa_unknown_account"

_BOTH = {
    BATCH: 0.0030,
    REDELIVERY: 0.0080,
    COLLISION: 0.0020,
    IBAN_COUNTRY: 0.0040,
    IBAN_CHECKSUM: 0.0030,
}
SHARES = {
    "sepa": {**_BOTH, NOT_EUR: 0.0050, UNKNOWN_ACCOUNT: 0.0050},
    "swift": {**_BOTH, CURRENCY_MISSING: 0.0050, CURRENCY_UNKNOWN: 0.0020},
}

# Of the batch payments: those of three amounts, and those whose second half comes a day later.
THREE_AMOUNTS_SHARE = 0.25
SPLIT_SHARE = 0.40

# Every class occurs this often at least, however small the feed.
_AT_LEAST = 2


def spoiled_counts(feed: str, lines: int) -> dict[str, int]:
    """Returns how many transactions of each class go into ``lines`` lines of ``feed``."""
    return {name: max(_AT_LEAST, round(share * lines)) for name, share in SHARES[feed].items()}


def extra_lines(counts: dict[str, int]) -> tuple[list[int], int]:
    """Returns the number of lines of each batch payment, and how many lines all classes add.

    A batch adds all its lines but the first, a redelivery and a collision one line each.
    """
    batches = counts[BATCH]
    of_three = max(1, round(batches * THREE_AMOUNTS_SHARE))
    sizes = [3] * of_three + [2] * (batches - of_three)
    extra = sum(size - 1 for size in sizes) + counts[REDELIVERY] + counts[COLLISION]
    return sizes, extra


def spread(rng: Random, counts: dict[str, int], transactions: int) -> bytearray:
    """Returns, for each of ``transactions``, 0 or the number of its class (from 1, in order)."""
    classes = bytearray(transactions)
    for number, count in enumerate(counts.values(), start=1):
        placed = 0
        while placed < count:
            at = draw.below(rng, transactions)
            if not classes[at]:
                classes[at] = number
                placed += 1
    return classes
