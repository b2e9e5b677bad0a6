"""What the tests of polling ask with, and what they look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import sql
from starlette.types import ASGIApp

from loaders.polling.api import PollLimits
from loaders.polling.poll import PollResult, poll
from loaders.polling.taking import FeedPoll
from loaders.simulators.cdm import Faults, build_app
from loaders.simulators.serving import served
from tests.support import rows

DAY = date(2025, 12, 31)
LIMITS = PollLimits(timeout_seconds=20, backoff_seconds=0, end_after=4)
COMPANIES = b'[{"id":1,"name":"A","ibans":"[\'NL58EQEN7258967872\']","balance":"5"}]'
RATES = b'[{"currency":"EUR","usd_rate":1,"eur_rate":0.85}]'


@contextmanager
def asked(app: ASGIApp, token: str | None = None) -> Iterator[None]:
    """Serves ``app``, and points the environment at it."""
    with served(app) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUSS_CDM_URL", address)
        if token:
            patch.setenv("SLUSS_CDM_TOKEN", token)
        yield


def service(folder: Path, generation: int, faults: Faults | None = None, **named: Any) -> ASGIApp:
    """The simulator, whose calls that are not answered are over at once, as behind a proxy."""
    return build_app(
        folder, generation, faults, **{"hang_seconds": 0.05, "slow_seconds": 0.05} | named
    )


def polled(generation: int, limits: PollLimits = LIMITS, **options: Any) -> PollResult:
    return poll("cashflow", generation, DAY, limits, sleep=lambda _: None, **options)


def of(result: PollResult, feed: str) -> FeedPoll:
    (found,) = (one for one in result.feeds if one.feed == f"cashflow_{feed}")
    return found


def raw(feed: str) -> list[tuple[str, ...]]:
    """The raw lines of all loads in the order they came; an amount counts by its value."""
    found = rows(
        sql.SQL(
            "select id, sender, beneficiary, amount, currency, time from {} "
            "order by _load_id, _line_no"
        ).format(sql.Identifier("staging", f"raw_cashflow_{feed}"))
    )
    return [tuple(plain(name, value) for name, value in line.items()) for line in found]


def in_file(folder: Path, feed: str) -> list[tuple[str, ...]]:
    names, *lines = (folder / f"{feed}.csv").read_text().splitlines()
    return [
        tuple(plain(name, value) for name, value in zip(names.split(","), fields, strict=True))
        for fields in (line.split(",") for line in lines)
    ]


def plain(name: str, value: str | None) -> str:
    return str(Decimal(value or "0").normalize()) if name == "amount" else value or ""


def outcomes(feed: str) -> list[str]:
    found = rows(
        "select outcome from ops.http_answers where feed = %s order by sequence",
        (f"cashflow_{feed}",),
    )
    return [one["outcome"] for one in found]


def gaps() -> list[Any]:
    return rows("select * from ops.http_gaps order by gap_id")
