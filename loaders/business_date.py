"""Which bank day a file belongs to: said by a person, or found where the contract tells to look."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from loaders.contract import Contract
from loaders.errors import UnusableInputError
from loaders.sources import Source

BANK_TIME = ZoneInfo("Europe/Stockholm")

_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)(-?)(\d\d)\2(\d\d)(?!\d)")


def business_date(
    contract: Contract, source: Source, said: date | None, today: date | None = None
) -> tuple[date, str]:
    """Returns the business date and, in words, where it comes from.

    ``said`` is the person's word and goes before everything. Raises UnusableInputError if the name
    of the file holds two different dates (which one is meant is not guessed), or one more than a
    day after ``today``: a slip of the pen there would release lines that are to wait for their day,
    and judge them by registers to come. One day ahead is the file of a bank that closed its day
    before midnight.
    """
    present = today or datetime.now(BANK_TIME).date()
    if said:
        return said, "as given"
    for place in contract.business_date:
        if place == "content" and source.proposed_date:
            return source.proposed_date, "the newest date in the file"
        if place == "file_name" and (named := date_in_name(source.file_name)):
            if named - present > timedelta(days=1):
                raise UnusableInputError(
                    f"The name {source.file_name} holds the date {named}, which is to come. "
                    f"Expected is a business date up to the day after today, {present}. Rename the "
                    "file, or say the date you mean: --business-date YYYY-MM-DD."
                )
            return named, "from the file's name"
        if place == "today":
            return present, "today in Stockholm"
    raise UnusableInputError(
        f"The business date of {source.file_name} is unknown: the contract of {contract.feed} "
        f"looks in {', '.join(contract.business_date)}. Say it: --business-date YYYY-MM-DD."
    )


def date_in_name(file_name: str) -> date | None:
    """Returns the date, as YYYY-MM-DD or YYYYMMDD, in ``file_name``; None if it holds no date.

    Raises UnusableInputError if it holds several.
    """
    found = set()
    for year, _, month, day in _IN_NAME.findall(file_name):
        try:
            found.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    if len(found) > 1:
        dates = " and ".join(day.isoformat() for day in sorted(found))
        raise UnusableInputError(
            f"The name {file_name} holds the dates {dates}. Say which one is the business date: "
            "--business-date YYYY-MM-DD."
        )
    return found.pop() if found else None
