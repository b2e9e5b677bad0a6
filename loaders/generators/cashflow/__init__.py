"""Synthetic input of the cashflow feed, with an answer key; see :func:`generate_cashflow`."""

from loaders.generators.cashflow.generate import (
    FILE_NAMES,
    SIZES,
    GeneratedCashflow,
    Size,
    generate_cashflow,
)

__all__ = ["FILE_NAMES", "SIZES", "GeneratedCashflow", "Size", "generate_cashflow"]
