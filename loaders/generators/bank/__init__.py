"""Synthetic days of the bank feed, with an answer key; see :func:`generate_bank`."""

from loaders.generators.bank.day import GeneratedDay
from loaders.generators.bank.generate import (
    DEFAULT_BUSINESS_DATE,
    FILE_NAMES,
    default_accounts,
    generate_bank,
    generate_bank_days,
)

__all__ = [
    "DEFAULT_BUSINESS_DATE",
    "FILE_NAMES",
    "GeneratedDay",
    "default_accounts",
    "generate_bank",
    "generate_bank_days",
]
