"""When the transactions of a year happen: many on working days, few on the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

YEAR = 2025
FIRST_DATE = date(YEAR, 1, 1)
DAYS = (date(YEAR + 1, 1, 1) - FIRST_DATE).days
DAY_SECONDS = 86_400
END = DAYS * DAY_SECONDS

# Monday to Sunday.
_WEIGHTS = (10, 10, 10, 10, 10, 3, 2)


_DATES = [(FIRST_DATE + timedelta(days=day)).isoformat() for day in range(DAYS)]
_HOURS = [f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02d}Z" for second in range(60)]
QUARTER_OF_DAY = [((FIRST_DATE + timedelta(days=day)).month - 1) // 3 for day in range(DAYS)]


def text_of(seconds: int) -> str:
    """Returns a second of the year as the feed writes it: ``2025-01-03T08:15:00Z``."""
    day, second = divmod(seconds, DAY_SECONDS)
    minute, second = divmod(second, 60)
    return _DATES[day] + _HOURS[minute] + _SECONDS[second]


def moments(rng: Random, count: int) -> Iterator[int]:
    """Yields ``count`` seconds of the year in ascending order, spread by the weight of the days."""
    weights = [_WEIGHTS[(FIRST_DATE + timedelta(days=day)).weekday()] for day in range(DAYS)]
    whole = sum(weights)
    before = 0
    for day, weight in enumerate(weights):
        begin, before = before * count // whole, before + weight
        of_day = before * count // whole - begin
        for number in range(of_day):
            second = int((number + rng.random()) * DAY_SECONDS / of_day)
            yield day * DAY_SECONDS + min(second, DAY_SECONDS - 1)
