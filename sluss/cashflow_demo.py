"""The cashflow demo: a small year from a simulated CDM API, built, and held against its key."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg2.extras import RealDictCursor

from loaders import database
from loaders.errors import UnusableInputError, UserError
from loaders.generators.cashflow import generate_cashflow
from loaders.polling.api import PollLimits
from loaders.polling.poll import PollResult, poll
from loaders.simulators.cdm import Faults, build_app
from loaders.simulators.serving import served
from sluss import dbt
from sluss.build import BuildResult, build
from sluss.settings import environment, home

SEED = 7
GENERATION = 2
YEAR = 2025
# Rates are of this day.
LAST_DATE = date(YEAR, 12, 31)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class CashflowYear:
    """What the marts say of the year.

    ``excluded``: reasons with counts and EUR. ``owing``: the companies that owe most at the end.
    ``company`` and its ``quarters``: one of them, window by window. ``compared``: balances that
    were held against the answer key; ``differing``: those of them that differ from it.
    """

    excluded: Rows
    owing: Rows
    company: dict[str, Any]
    quarters: Rows
    compared: int
    differing: int


def load_year(on_message: Callable[[str], None]) -> PollResult:
    """Generates the year, serves it with faults, and polls it; the second time nothing is new.

    Raises UnusableInputError if the database holds somebody's own cashflow, UserError if the poll
    came to no end.
    """
    folder = _folder()
    if not (folder / "key.json").exists():
        generate_cashflow("small", SEED, folder)
    _refuse_among_others(folder)
    # A service that answers late or not at all, but does not keep whoever watches waiting.
    app = build_app(folder, GENERATION, Faults(SEED), hang_seconds=0.2, slow_seconds=0.2)
    limits = PollLimits(timeout_seconds=10, backoff_seconds=0.1)
    # Whatever service is set otherwise.
    with served(app) as address, environment(SLUSS_CDM_URL=address, SLUSS_CDM_TOKEN=""):
        result = poll("cashflow", GENERATION, LAST_DATE, limits, on_message, page_rows=2_500)
    problems = [feed.problem for feed in result.feeds if feed.problem]
    if problems:
        raise UserError(f"The simulated service was not read to its end. {problems[0]}")
    return result


def build_year(
    on_progress: dbt.Progress | None, on_message: Callable[[str], None]
) -> tuple[BuildResult, CashflowYear | None]:
    """Builds; returns what happened, and the year if there is one."""
    built = build(on_progress=on_progress, on_message=on_message)
    year = None if built.status == "failed" else _year()
    return built, year


def _year() -> CashflowYear | None:
    key = json.loads((_folder() / "key.json").read_text(encoding="utf-8"))
    owing = _rows(_OWING, LAST_DATE)
    if not owing:
        return None
    company = owing[0]
    return CashflowYear(
        excluded=_rows(_EXCLUDED),
        owing=owing,
        company=company,
        quarters=_rows(_QUARTERS, company["company_id"]),
        **_held_against(key, _rows(_BALANCES, list(key["balances"]["strict"]))),
    )


def _rows(query: str, *values: object) -> Rows:
    with (
        database.connected(database.connect("sluss demo", role="sluss_transformer")) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(query, values or None)
        return [dict(row) for row in cursor.fetchall()]


def _held_against(key: dict[str, Any], found: Rows) -> dict[str, int]:
    """Returns how many balances of the answer key were compared, and how many differ."""
    built = {
        (each["balance_date"].isoformat(), str(each["company_id"])): (
            each["closing_amount_eur"],
            each["closing_amount_usd"],
        )
        for each in found
    }
    expected = {
        (day, company): (Decimal(sums["eur"]), Decimal(sums["usd"]))
        for day, companies in key["balances"]["strict"].items()
        for company, sums in companies.items()
    }
    differing = sum(built.get(place) != sums for place, sums in expected.items())
    return {"compared": len(expected), "differing": differing}


def _folder() -> Path:
    return home().path / "demo" / "cashflow"


def _refuse_among_others(folder: Path) -> None:
    """Raises UnusableInputError if the year would come among somebody's own payments."""
    with (folder / "companies.csv").open(encoding="utf-8", newline="") as file:
        names = [line["name"] for line in csv.DictReader(file)]
    (other,) = _rows(_OTHERS, names)
    if other["load_id"] is not None:
        raise UnusableInputError(
            f"This database holds cashflow of its own already (load {other['load_id']}), and the "
            "demo's list of companies would be used for it. Nothing was loaded. Give the demo a "
            "database of its own: `SLUSS_HOME=~/.sluss-demo make demo-cashflow`, with DATABASE_URL "
            "and PGHOST unset."
        )


# A list with a company that is not the demo's, or payments without any list.
_OTHERS = """
select min(loads.load_id) as load_id
from ops.loads as loads
where
    loads.status = 'loaded'
    and (
        loads.feed = 'cashflow_companies'
        and exists (
            select from staging.raw_cashflow_companies as companies
            where companies._load_id = loads.load_id and companies.name <> all (%s)
        )
        or loads.feed in ('cashflow_sepa', 'cashflow_swift')
        and not exists (
            select from ops.loads as lists
            where lists.status = 'loaded' and lists.feed = 'cashflow_companies'
        )
    )
"""

_OWING = """
select balances.company_id, companies.company_name, balances.closing_amount_eur,
    balances.closing_amount_usd
from marts.fct_company_balance_daily as balances
inner join marts.dim_company as companies using (company_id)
where balances.balance_date = %s
order by balances.closing_amount_eur
limit 5
"""

_EXCLUDED = """
select reasons.rule_id, rules.title, quarantine.outcome, count(*) as line_count,
    sum(quarantine.amount_eur) as amount_eur
from marts.fct_cash_quarantine as quarantine
cross join lateral unnest(quarantine.rule_ids) as reasons (rule_id)
inner join reference.rules as rules on reasons.rule_id = rules.rule_id
group by reasons.rule_id, rules.title, quarantine.outcome
order by line_count desc, reasons.rule_id
"""

_QUARTERS = """
select from_date, to_date, opening_amount_eur, credit_amount_eur, debit_amount_eur,
    balance_amount_eur, over_committed_amount_eur, under_committed_amount_eur
from marts.rpt_company_position
where company_id = %s and window_kind in ('quarter', 'year')
order by window_kind, from_date
"""

_BALANCES = """
select company_id, balance_date, closing_amount_eur, closing_amount_usd
from marts.fct_company_balance_daily
where balance_date = any (%s::date[])
"""
