"""The bank's days as partitions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date

from dagster import DailyPartitionsDefinition

from loaders.errors import UnusableInputError

DEFAULT_FIRST_DAY = "2020-01-01"

# Dagster's own tags of a run over one day, over a range of days, and of a backfill.
PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
BACKFILL = "dagster/backfill"


def business_days() -> DailyPartitionsDefinition:
    """Returns one partition a business date: from ``SLUSS_FIRST_BUSINESS_DATE`` to today.

    Today is one of them, for the file of a day may come in its evening.
    """
    first = os.environ.get("SLUSS_FIRST_BUSINESS_DATE") or DEFAULT_FIRST_DAY
    try:
        date.fromisoformat(first)
    except ValueError:
        raise UnusableInputError(
            f"SLUSS_FIRST_BUSINESS_DATE is no date: {first!r}. Write it as 2020-01-01."
        ) from None
    return DailyPartitionsDefinition(first, timezone="Europe/Stockholm", end_offset=1)


def days_of(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """Returns the first and the last business date of a run with ``tags``; None if it has none."""
    first = tags.get(RANGE_START) or tags.get(PARTITION)
    last = tags.get(RANGE_END) or tags.get(PARTITION)
    if not (first and last):
        return None
    return date.fromisoformat(first), date.fromisoformat(last)


def is_backfill(tags: Mapping[str, str]) -> bool:
    return BACKFILL in tags
