"""Local time in Stockholm by the European Union's rule, in force since 1996.

Written out instead of asking the zone database, so that a generated file does not change with the
version of tzdata that a machine happens to have.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

_STANDARD = timedelta(hours=1)
_SUMMER = timedelta(hours=2)


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)  # March and October both have 31 days
    return last - timedelta(days=(last.weekday() + 1) % 7)


def spring_change(year: int) -> date:
    """Returns the day on which 02:00 becomes 03:00: the hour from 02:00 does not exist."""
    return _last_sunday(year, 3)


def autumn_change(year: int) -> date:
    """Returns the day on which 03:00 becomes 02:00: the hour from 02:00 occurs twice."""
    return _last_sunday(year, 10)


def is_change_day(day: date) -> bool:
    """True if the clock changes on ``day``."""
    return day in (spring_change(day.year), autumn_change(day.year))


def offset_of(local: datetime) -> timedelta:
    """Returns the offset from UTC of a local time; in the hour that occurs twice, summer's."""
    start = datetime.combine(spring_change(local.year), datetime.min.time()) + timedelta(hours=2)
    end = datetime.combine(autumn_change(local.year), datetime.min.time()) + timedelta(hours=3)
    return _SUMMER if start <= local < end else _STANDARD
