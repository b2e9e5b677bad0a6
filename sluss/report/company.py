"""The company report: a company's position in a window of days, asked for and shown.

What the cells of ``notebooks/company.ipynb`` call. Amounts are in the reporting currency that the
reader chose; all adding up is done in the database.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders.errors import UnusableInputError
from sluss.dbt import REPOSITORY
from sluss.report.charts import BAD, LIGHT, MAIN, empty_figure
from sluss.report.load import frame, records
from sluss.report.tables import Column, Html, table, text

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

NOTEBOOK = REPOSITORY / "notebooks" / "company.ipynb"
CURRENCIES = ("EUR", "USD")

# Longer windows are drawn by month: a bar a day is no wider than a hair.
_MOST_DAYS_AS_BARS = 62


@dataclass(frozen=True)
class Position:
    """A row of ``marts.company_position()``, its amounts in ``currency``."""

    company_id: int
    company_name: str | None
    from_date: date
    # The first day after the window.
    to_date: date
    currency: str
    cash_mode: str
    opening: Decimal
    credit: Decimal
    debit: Decimal
    balance: Decimal
    over_committed: Decimal
    under_committed: Decimal
    credit_count: int
    debit_count: int
    countries: list[dict[str, Any]]
    excluded: list[dict[str, Any]]


@dataclass(frozen=True)
class CompanyReport:
    """A report that was written."""

    path: Path
    company_id: int
    seconds: float


def write_company_report(
    company_id: int, from_date: date, to_date: date, currency: str, out: Path
) -> CompanyReport:
    """Writes the report of a company to ``out``, whole or not at all, for its owner to read only.

    Raises UnusableInputError for a company or window without an answer or a target that cannot be
    written, and UserError if a part of the notebook fails.
    """
    from sluss.report.render import render_page
    from sluss.report.write import check_target, execute_notebook, replace_page

    started = time.monotonic()
    target = check_target(out)
    position = find_position(company_id, from_date, to_date, currency)
    parameters = {
        "company_id": company_id,
        "from_date": from_date.isoformat(),
        "to_date": to_date.isoformat(),
        "currency": currency,
    }
    executed = execute_notebook(NOTEBOOK, parameters)
    replace_page(target, render_page(executed, "company_report", company=position))
    return CompanyReport(target, company_id, round(time.monotonic() - started, 1))


def find_position(
    company_id: int, from_date: date | str, to_date: date | str, currency: str
) -> Position:
    """Returns the position of a company; raises UnusableInputError where there is none."""
    if currency not in CURRENCIES:
        raise UnusableInputError(f"The currency is {currency!r}: give EUR or USD.")
    first, end = (
        each if isinstance(each, date) else date.fromisoformat(each)
        for each in (from_date, to_date)
    )
    if first >= end:
        raise UnusableInputError(
            f"The window begins on {first} and ends before {end}: it has no day."
        )
    if not records(frame("select to_regclass('marts.rpt_company_position') as it"))[0]["it"]:
        raise UnusableInputError("No cashflow was built yet: run `sluss build`.")
    found = records(
        frame(
            "select * from marts.company_position(%(company)s, %(first)s, %(end)s)",
            company=company_id,
            first=first,
            end=end,
        )
    )
    if not found:
        raise UnusableInputError(
            f"There is no company {company_id} in the newest published list; marts.dim_company "
            "has them all."
        )
    (row,) = found
    unit = currency.lower()
    return Position(
        company_id=company_id,
        company_name=row["company_name"],
        from_date=first,
        to_date=end,
        currency=currency,
        cash_mode=row["cash_mode"],
        opening=row[f"opening_amount_{unit}"],
        credit=row[f"credit_amount_{unit}"],
        debit=row[f"debit_amount_{unit}"],
        balance=row[f"balance_amount_{unit}"],
        over_committed=row[f"over_committed_amount_{unit}"],
        under_committed=row[f"under_committed_amount_{unit}"],
        credit_count=row["credit_count"],
        debit_count=row["debit_count"],
        countries=row["counterparty_countries"],
        excluded=row["excluded_lines"],
    )


def days(position: Position) -> pd.DataFrame:
    """Returns the days of the window that have a balance: closing, credit, debit."""
    unit = position.currency.lower()
    return frame(
        f"""
        select
            balance_date, closing_amount_{unit} as closing, credit_amount_{unit} as credit,
            debit_amount_{unit} as debit
        from marts.fct_company_balance_daily
        where company_id = %(company)s and balance_date >= %(first)s and balance_date < %(end)s
        order by balance_date
        """,  # noqa: S608 - one of two currencies
        company=position.company_id,
        first=position.from_date,
        end=position.to_date,
    )


def headline(position: Position) -> Html:
    """Returns who it is about, which days, and how dirty payments were judged."""
    last = date.fromordinal(position.to_date.toordinal() - 1)
    facts = [
        ("Company", str(position.company_id)),
        ("Days", f"{text(position.from_date)} to {text(last)}"),
        ("Reporting currency", position.currency),
        ("Dirty payments", position.cash_mode),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    state = "held" if position.over_committed else "published"
    word = "Over-committed" if position.over_committed else "Under-committed"
    return Html(
        '<header><div class="kicker">Company report</div>'
        f"<h1>{escape(position.company_name or 'Company without a name')}</h1>"
        f'<span class="state {state}">{word}</span><dl class="facts">{listed}</dl></header>'
    )


def figures(position: Position) -> Html:
    """Returns the position in five figures."""
    tiles = [
        ("Balance at the end", position.balance, position.currency),
        ("Balance at the beginning", position.opening, position.currency),
        ("Credits", position.credit, f"{position.credit_count:,} payments in"),
        ("Debits", position.debit, f"{position.debit_count:,} payments out"),
        ("Over-committed", position.over_committed, "what it owes"),
    ]
    shown = "".join(
        f'<div class="tile"><div class="name">{escape(name)}</div>'
        f'<div class="value">{escape(text(value, 2))}</div>'
        f'<div class="note">{escape(note)}</div></div>'
        for name, value, note in tiles
    )
    return Html(f'<div class="tiles">{shown}</div>')


def balance_figure(position: Position, found: pd.DataFrame) -> go.Figure | None:
    """Returns the balance of each day, what is held and what is owed in two colours."""
    rows = records(found)
    if not rows:
        return None
    drawn = empty_figure(f"Balance as the day ends, {position.currency}", 300)
    when = [row["balance_date"] for row in rows]
    closing = [float(row["closing"]) for row in rows]
    for part, colour in ((max, MAIN), (min, BAD)):
        drawn.add_scatter(
            x=when,
            y=[part(value, 0.0) for value in closing],
            mode="lines",
            line={"width": 0, "shape": "hv"},
            fill="tozeroy",
            fillcolor=_pale(colour),
            hoverinfo="skip",
        )
    drawn.add_scatter(
        x=when,
        y=closing,
        mode="lines",
        line={"color": "#1d2a38", "width": 1.2, "shape": "hv"},
        hovertemplate="%{x|%-d %B %Y}: %{y:,.2f}<extra></extra>",
    )
    drawn.update_yaxes(tickformat=",.0f", zeroline=True, nticks=6)
    return drawn


def _pale(colour: str) -> str:
    """Returns a colour, #rrggbb, that lets the lines behind it through."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.3)"


def flow_figure(position: Position, found: pd.DataFrame) -> go.Figure | None:
    """Returns what came in and went out, a pair of bars a day or, in long windows, a month."""
    sums: dict[date, list[float]] = {}
    rows = records(found)
    by_month = len(rows) > _MOST_DAYS_AS_BARS
    for row in rows:
        at = row["balance_date"].replace(day=1) if by_month else row["balance_date"]
        total = sums.setdefault(at, [0.0, 0.0])
        total[0] += float(row["credit"])
        total[1] -= float(row["debit"])
    if not sums:
        return None
    drawn = empty_figure(
        f"In (up) and out (down) by {'month' if by_month else 'day'}, {position.currency}", 260
    )
    for number, (name, colour) in enumerate((("in", MAIN), ("out", LIGHT))):
        drawn.add_bar(
            x=list(sums),
            y=[total[number] for total in sums.values()],
            marker_color=colour,
            hovertemplate=f"%{{x|%-d %B %Y}} {name}: %{{y:,.2f}}<extra></extra>",
        )
    drawn.update_layout(barmode="relative")
    if by_month:
        # Ticks of plotly's own are thirty days apart, which is no month.
        shown = list(sums)[:: len(sums) // 12 + 1]
        drawn.update_xaxes(tickvals=shown, ticktext=[f"{day:%b %Y}" for day in shown])
    drawn.update_yaxes(tickformat=",.0f", zeroline=True, nticks=6)
    return drawn


def country_table(position: Position, most: int = 20) -> Html:
    """Returns payments and sums in and out by the country on the other side."""
    unit = position.currency.lower()
    rows = [
        {
            "country": each["country"] or "no valid IBAN",
            "in_count": each["credit_count"],
            "in": Decimal(str(each[f"credit_amount_{unit}"])),
            "out_count": each["debit_count"],
            "out": Decimal(str(each[f"debit_amount_{unit}"])),
        }
        for each in position.countries
    ]
    total = {
        "country": f"All {len(rows)} countries",
        "in_count": position.credit_count,
        "in": position.credit,
        "out_count": position.debit_count,
        "out": position.debit,
    }
    columns = [
        Column("country", "Country"),
        Column("in_count", "Payments in", "number"),
        Column("in", f"In, {position.currency}", "number", 2),
        Column("out_count", "Payments out", "number"),
        Column("out", f"Out, {position.currency}", "number", 2),
    ]
    return table(rows[:most], columns, total)


def excluded_table(position: Position) -> Html:
    """Returns what was left out, by rule."""
    unit = position.currency.lower()
    titles = {
        row["rule_id"]: row["title"]
        for row in records(frame("select rule_id, title from reference.rules"))
    }
    rows = [
        {
            "why": titles[each["rule_id"]],
            "rule": each["rule_id"],
            "lines": each["line_count"],
            "sum": Decimal(str(each[f"amount_{unit}"])) if each[f"amount_{unit}"] else None,
        }
        for each in position.excluded
    ]
    columns = [
        Column("why", "Why"),
        Column("rule", "Rule", "code"),
        Column("lines", "Lines", "number"),
        Column("sum", f"Sum, where it can be converted, {position.currency}", "number", 2),
    ]
    return table(rows, columns) if rows else Html("<p>Nothing was left out.</p>")


def reference_table(position: Position) -> Html:
    """Returns the balances of the quarters' ends beside the reference."""
    unit = position.currency.lower()
    rows = records(
        frame(
            f"""
            select
                compared_at, compared_date, closing_amount_{unit} as closing,
                reference_balance_amount_{unit} as reference,
                difference_amount_{unit} as difference
            from marts.rpt_company_reference_balance
            where company_id = %(company)s
            order by compared_date, compared_at
            """,  # noqa: S608 - one of two currencies
            company=position.company_id,
        )
    )
    words = {"quarter_end": "End of the quarter", "list": "Day of the list"}
    columns = [
        Column("compared_date", "Day"),
        Column("what", "What day it is"),
        Column("closing", f"Balance, {position.currency}", "number", 2),
        Column("reference", "Reference", "number", 2),
        Column("difference", "Difference", "number", 2),
    ]
    return table([{**row, "what": words[row["compared_at"]]} for row in rows], columns)


def projection_table(position: Position) -> Html:
    """Returns the projection a week apart, in EUR, with its error; marked as a projection."""
    rows = [
        row
        for row in records(
            frame(
                "select * from marts.rpt_company_projection where company_id = %(company)s "
                "order by days_ahead",
                company=position.company_id,
            )
        )
        if row["days_ahead"] in (1, 7, 14, 21, 30)
    ]
    columns = [
        Column("projected_date", "Day"),
        Column("days_ahead", "Days ahead", "number"),
        Column("projected_balance_amount_eur", "Projected balance, EUR", "number", 2),
        Column("backtest_error_amount_eur", "Missed before by, on average", "number", 2),
        Column("standstill_error_amount_eur", "Standing still missed by", "number", 2),
    ]
    return table(rows, columns)
