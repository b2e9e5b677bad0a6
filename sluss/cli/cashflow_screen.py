"""What a person sees of the cashflow demo: what the service gave, and a year in one screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sluss.cashflow_demo import CashflowYear


def print_year(out: Console, year: CashflowYear, command: str) -> None:
    """Prints the year in one screen; ``command`` is what to type for ``sluss``."""
    from rich.markup import escape

    company = year.company
    out.print()
    out.print(
        f"[bold]{escape(company['company_name'])}[/bold]  [dim]company {company['company_id']}, "
        "all its accounts, in EUR[/dim]"
    )
    out.print(_quarters_table(year.quarters))
    out.print()
    out.print("[bold]Who owes most[/bold]  [dim]at the end of the year[/dim]")
    out.print(_owing_table(year.owing))
    out.print()
    out.print("[bold]What counts nowhere[/bold]  [dim]mode strict; the lines are kept[/dim]")
    out.print(_excluded_table(year.excluded))
    out.print()
    if year.differing:
        out.print(
            f"{year.differing:,} of {year.compared:,} balances differ from the answer key.",
            style="bold red",
        )
    else:
        out.print(
            f"All {year.compared:,} balances of the quarters' ends are those of the answer key.",
            style="bold green",
        )
    out.print()
    out.print("[bold]Where to look next[/bold]")
    out.print(_next_table(command, company["company_id"]))


def _quarters_table(quarters: Sequence[dict[str, Any]]) -> Table:
    table = _table("", "opening", "credits", "debits", "balance", "", left=(0, 5))
    for each in quarters:
        last = each["to_date"] - timedelta(days=1)
        is_over = each["over_committed_amount_eur"] > 0
        table.add_row(
            f"{each['from_date']} to {last}",
            *(
                _amount(each[f"{what}_amount_eur"])
                for what in ("opening", "credit", "debit", "balance")
            ),
            "[red]over-committed[/]" if is_over else "[green]under-committed[/]",
        )
    return table


def _owing_table(owing: Sequence[dict[str, Any]]) -> Table:
    from rich.text import Text

    table = _table("", "company", "EUR", "USD", left=(1,))
    for each in owing:
        table.add_row(
            str(each["company_id"]),
            Text(each["company_name"]),
            _amount(each["closing_amount_eur"]),
            _amount(each["closing_amount_usd"]),
        )
    return table


def _excluded_table(excluded: Sequence[dict[str, Any]]) -> Table:
    table = _table("lines", "", "reason", "EUR", left=(1, 2))
    for each in excluded:
        is_rejected = each["outcome"] == "rejected"
        table.add_row(
            f"{each['line_count']:,}",
            "[red]quarantined[/]" if is_rejected else "[yellow]duplicate[/]",
            each["title"],
            _amount(each["amount_eur"]) if each["amount_eur"] is not None else "no rate",
        )
    return table


def _next_table(command: str, company: int) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    window = "--from 2025-10-01 --to 2026-01-01"
    for what, why in (
        (
            f"{command} company-report {company} {window} --out company.html",
            "all of it on a page",
        ),
        (
            f"marts.company_position({company}, date '2025-03-03', date '2025-03-10')",
            "any window, in SQL",
        ),
        ("marts.rpt_company_projection", "the next thirty days, and how far such words were off"),
        ("marts.fct_cash_quarantine", "every line that counts nowhere, as it stood, and why"),
        (f"{command} poll --help", "a service of your own; docs/polling.md"),
    ):
        table.add_row(f"  [cyan]{what}[/cyan]", f"[dim]{why}[/dim]")
    return table


def _table(*headings: str, left: Sequence[int]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place in left else "right")
    return table


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}"
