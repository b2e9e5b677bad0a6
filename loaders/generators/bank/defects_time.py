"""Defects of the timestamp, one function a raw form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

from loaders.generators.bank import draw
from loaders.generators.bank.cases import Case, Kind, writes
from loaders.generators.bank.lines import CURRENCY, TIME
from loaders.generators.bank.stockholm import autumn_change, offset_of, spring_change

_NO_BREAK = "\N{NO-BREAK SPACE}"


def _compact_date(case: Case) -> None:
    day = case.set_recent_time()
    case.correct("ts.compact_date", TIME, f"{day.replace('-', '')} {case.line.clock}")


def two_digit_year(case: Case) -> None:
    """`25-04-09 12:12:00`: the year without its century."""
    day = case.set_recent_time()
    case.correct("ts.two_digit_year", TIME, f"{day[2:]} {case.line.clock}")
    case.flag("ts.two_digit_year")


def _whole_minute(case: Case) -> tuple[str, str, str]:
    """Moves the line to a whole minute; returns day, hour and minute as text."""
    clock = case.maker.clock_on(case.maker.day)[:5] + ":00"
    return case.set_recent_time(clock), clock[:2], clock[3:5]


def _no_seconds(case: Case) -> None:
    day, hour, minute = _whole_minute(case)
    case.correct("ts.no_seconds", TIME, f"{day} {hour}:{minute}")


def _dot_time(case: Case) -> None:
    day, hour, minute = _whole_minute(case)
    case.correct("ts.dot_time", TIME, f"{day} {hour}.{minute}")


def _dot_time_with_seconds(case: Case) -> None:
    day = case.set_recent_time()
    hour, minute, second = case.line.clock.split(":")
    case.correct("ts.dot_time", TIME, f"{day} {hour}.{minute}:{second}")


def _iso(hours_from_utc: int | None, zulu: bool = False) -> Callable[[Case], None]:
    """Returns an edit that writes the same instant with another offset (None: Stockholm's own)."""

    def edit(case: Case) -> None:
        case.set_recent_time()
        local = datetime.fromisoformat(f"{case.line.day.isoformat()} {case.line.clock}")
        own_offset = offset_of(local)
        offset = own_offset if hours_from_utc is None else timedelta(hours=hours_from_utc)
        written = (local - own_offset + offset).replace(tzinfo=timezone(offset)).isoformat()
        case.correct("ts.iso", TIME, written.replace("+00:00", "Z") if zulu else written)

    return edit


def _trimmed(before: str, after: str) -> Callable[[Case], None]:
    def edit(case: Case) -> None:
        case.correct("ts.trimmed", TIME, f"{before}{case.canonical(TIME)}{after}")

    return edit


def _midnight(case: Case) -> None:
    case.set_recent_time("00:00:00")
    eve = case.line.day - timedelta(days=1)
    case.correct("ts.hour_24", TIME, f"{eve.isoformat()} 24:00:00")


def _past_midnight(case: Case) -> None:
    day = case.set_recent_time()
    case.reject("ts.hour_24", TIME, f"{day} 24:{draw.between(case.maker.rng, 1, 59):02d}:00")


def _half_past_midnight(case: Case) -> None:
    case.reject("ts.hour_24", TIME, f"{case.set_recent_time()} 24:30:00")


def no_such_day(month_and_day: str) -> Callable[[Case], None]:
    """Returns an edit that dates the line on a day which the last year without it did not have."""

    def edit(case: Case) -> None:
        year = case.maker.day.year - (1 if case.maker.day.month <= 4 else 0)
        while month_and_day == "02-29" and (date(year, 3, 1) - timedelta(days=1)).day == 29:
            year -= 1
        case.reject("ts.no_such_day", TIME, f"{year}-{month_and_day} {case.line.clock}")

    return edit


def _unreadable_minute(case: Case) -> None:
    case.reject("ts.unreadable", TIME, f"{case.set_recent_time()} 10:75:00")


def _unreadable_slashes(case: Case) -> None:
    year, month, day = case.set_recent_time().split("-")
    case.reject("ts.unreadable", TIME, f"{day}/{month}/{year} {case.line.clock}")


def future(first_day: int, last_day: int) -> Callable[[Case], None]:
    """Returns an edit that dates the line between two numbers of days after the business date."""

    def edit(case: Case) -> None:
        day = case.maker.day + timedelta(days=draw.between(case.maker.rng, first_day, last_day))
        case.set_time(day, case.maker.clock_on(day))
        case.reject("ts.future")

    return edit


def stale(case: Case) -> None:
    """A year or more back: accepted, flagged."""
    day = case.maker.day - timedelta(days=draw.between(case.maker.rng, 365, 1095))
    case.set_time(day, case.maker.clock_on(day))
    if case.line.fields[CURRENCY] == "ZMW":  # the seed of rates does not reach back that far
        case.set_currency("USD")


def _latest(change: Callable[[int], date], day: date) -> date:
    return change(day.year) if change(day.year) <= day else change(day.year - 1)


def _dst_gap(case: Case) -> None:
    day = _latest(spring_change, case.maker.day)
    rest = case.maker.clock_on(day)[2:]
    # Read with the offset before the change, 02:30 is one hour after 01:30: 03:30 summer time.
    case.set_time(day, f"03{rest}")
    case.correct("ts.dst_gap", TIME, f"{day.isoformat()} 02{rest}")
    case.flag("ts.dst_gap")


def _dst_ambiguous(case: Case) -> None:
    day = _latest(autumn_change, case.maker.day)
    case.set_time(day, f"02{case.maker.clock_on(day)[2:]}")
    case.flag("ts.dst_ambiguous")


KINDS = (
    Kind("ts.compact_date", "compact_date", _compact_date),
    Kind("ts.two_digit_year", "two_digit_year", two_digit_year),
    Kind("ts.no_seconds", "no_seconds", _no_seconds),
    Kind("ts.dot_time", "dot", _dot_time),
    Kind("ts.dot_time", "dot_with_seconds", _dot_time_with_seconds),
    Kind("ts.iso", "iso_stockholm", _iso(None)),
    Kind("ts.iso", "iso_plus_one", _iso(1)),
    Kind("ts.iso", "iso_utc", _iso(0)),
    Kind("ts.iso", "iso_zulu", _iso(0, zulu=True)),
    Kind("ts.iso", "iso_new_york", _iso(-5)),
    Kind("ts.trimmed", "blank_before", _trimmed(" ", "")),
    Kind("ts.trimmed", "blank_after", _trimmed("", " ")),
    Kind("ts.trimmed", "no_break_space", _trimmed("", _NO_BREAK)),
    Kind("ts.hour_24", "midnight", _midnight),
    Kind("ts.hour_24", "half_past_midnight", _half_past_midnight),
    Kind("ts.hour_24", "past_midnight", _past_midnight),
    Kind("ts.no_such_day", "30_february", no_such_day("02-30")),
    Kind("ts.no_such_day", "29_february", no_such_day("02-29")),
    Kind("ts.no_such_day", "31_april", no_such_day("04-31")),
    Kind("ts.no_such_day", "day_00", no_such_day("01-00")),
    *writes("ts.missing", TIME, {"empty": "", "blanks": "  "}),
    *writes("ts.unreadable", TIME, {"word": "soon", "unix_time": "1747645200"}),
    Kind("ts.unreadable", "minute_75", _unreadable_minute),
    Kind("ts.unreadable", "slashes", _unreadable_slashes),
    Kind("ts.future", "days_ahead", future(2, 6)),
    Kind("ts.future", "weeks_ahead", future(7, 60)),
    Kind("ts.future", "months_ahead", future(61, 365)),
    Kind("ts.stale", "years_back", stale),
    Kind("ts.dst_gap", "hour_skipped", _dst_gap),
    Kind("ts.dst_ambiguous", "hour_repeated", _dst_ambiguous),
)
