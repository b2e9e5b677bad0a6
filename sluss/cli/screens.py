"""What a person sees after a build: its loads, its failures, and a day in one screen."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from sluss.build import BuildResult
    from sluss.day import Correction, CurrencySum, Day, RuleCount
    from sluss.outcomes import LoadOutcome

# Narrower, the two halves of the day stand below each other.
_TWO_HALVES_WIDTH = 98

_OUTCOME_STYLES = {
    "rejected": "red",
    "malformed": "red",
    "duplicate": "yellow",
    "corrected": "green",
    "flagged": "cyan",
}
_CHANGE_STYLES = {
    "held": "bold red",
    "still held": "bold red",
    "withdrawn": "yellow",
    "purged": "yellow",
}

_COUNTS = ("lines", "accepted", "corrected", "rejected", "duplicate", "malformed")


def print_build(out: Console, result: BuildResult) -> None:
    """Prints what a build published, held and found wrong."""
    for failure in result.failures:
        out.print(f"[red]{failure.status}[/red] [bold]{failure.kind} {failure.name}[/bold]")
        out.print("\n".join(f"  {line}" for line in failure.message.splitlines()), markup=False)
        if failure.table:
            out.print(f"  the rows: {failure.table}", markup=False)
    for warning in result.warnings:
        out.print(f"[yellow]warning[/yellow] [bold]{warning.name}[/bold]")
        where = f" (the rows: {warning.table})" if warning.table else ""
        out.print(f"  {warning.message}{where}", markup=False)
    if result.changed:
        out.print(_loads_table(result.changed))
    unchanged = len(result.loads) - len(result.changed)
    if unchanged:
        others = "other loads are" if result.changed else "loads are"
        are = others if unchanged > 1 else others.replace("loads are", "load is")
        out.print(f"{unchanged:,} {are} published as before.", style="dim")
    elif not result.loads:
        out.print("Nothing is loaded yet: see `sluss load --help`.")
    for load in result.changed:
        if load.reason:
            out.print(_reason(load))
    out.print(_verdict(result), markup=False)


def _reason(load: LoadOutcome) -> Text:
    """Returns why a load is held, was withdrawn or is not built, as a sentence."""
    from rich.text import Text

    style = _CHANGE_STYLES.get(load.change, "bold")
    state = "held" if load.gate == "held" else load.change
    text = Text(f"Load {load.load_id} is {state}", style=style)
    return text.append(f": {(load.reason or '').rstrip('.')}.", style="none")


def _verdict(result: BuildResult) -> str:
    did = f"{result.built_count} tables and views in {result.seconds:.1f} s"
    if result.status == "failed":
        count = len(result.failures)
        steps = "1 step" if count == 1 else f"{count} steps"
        skipped = f", {result.skipped_count} left out after them" if result.skipped_count else ""
        return f"The build failed: {steps} went wrong{skipped}. dbt's log: {result.log}"
    passed = f"{result.passed_count} tests passed"
    if result.status == "held":
        held = len(result.held)
        them = "it is" if held == 1 else "they are"
        return (
            f"Built {did}, {passed}. All loads are published but {held}: {them} in no mart. Once "
            "the cause is mended, `sluss build` publishes what is held; nothing is loaded again."
        )
    return f"Built {did}, {passed}. Everything is published."


def _loads_table(loads: Sequence[LoadOutcome]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("load", justify="right")
    table.add_column("")
    table.add_column("feed")
    table.add_column("file", overflow="ellipsis")
    for heading in _COUNTS:
        table.add_column(heading, justify="right")
    for load in loads:
        table.add_row(
            str(load.load_id),
            Text(load.change, style=_CHANGE_STYLES.get(load.change, "green")),
            load.feed,
            Text(load.file_name),
            *_counts(load),
        )
    return table


def print_day(out: Console, day: Day, held: Sequence[LoadOutcome], command: str) -> None:
    """Prints the day in one screen; ``command`` is what to type for ``sluss``."""
    from rich.console import Group
    from rich.table import Table

    load = day.load
    out.print()
    out.print(
        f"[bold]The bank day {load.business_date}[/bold]  "
        f"[dim]load {load.load_id}, {_escaped(load.file_name)}[/dim]"
    )
    out.print(_totals(load))
    out.print(
        "lines = accepted + rejected + duplicate + malformed; corrected lines are accepted ones",
        style="dim",
    )
    out.print()
    left = _section(
        "Sums per currency", _currencies_table(day.currencies), "as read: before any cleaning"
    )
    right = Group(
        _section("The most frequent rules", _rules_table(day.rules)),
        "",
        _section("From the file to the table", _corrections_table(day.corrections)),
        "",
        _held(held),
    )
    if out.width >= _TWO_HALVES_WIDTH:
        halves = Table.grid(padding=(0, 3))
        halves.add_row(left, right)
        out.print(halves)
    else:
        out.print(left)
        out.print()
        out.print(right)
    out.print()
    out.print(_section("Where to look next", _next_table(command)))


def _section(title: str, body: RenderableType, remark: str = "") -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    heading = Text(title, style="bold")
    if remark:
        heading.append(f"  {remark}", style="dim not bold")
    return Group(heading, body)


def _totals(load: LoadOutcome) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    for heading in (*_COUNTS, "difference"):
        table.add_column(heading, justify="right", style=_OUTCOME_STYLES.get(heading, ""))
    difference = _count(load.difference_count)
    table.add_row(
        *_counts(load), f"[bold {'red' if load.difference_count else 'green'}]{difference}[/]"
    )
    return table


def _currencies_table(currencies: Sequence[CurrencySum]) -> Table:
    from rich.table import Table

    in_sek = [row.accepted_amount_sek for row in currencies if row.accepted_amount_sek is not None]
    table = Table(box=None, pad_edge=False, header_style="dim", footer_style="bold")
    table.add_column("", footer="all")
    table.add_column("as read", justify="right", footer="")
    table.add_column("accepted", justify="right", footer="")
    table.add_column("in SEK", justify="right", footer=_amount(sum(in_sek, Decimal())))
    table.show_footer = True
    for row in currencies:
        differs = row.read_amount != row.accepted_amount
        table.add_row(
            row.currency,
            _amount(row.read_amount),
            f"[{'bold' if differs else 'none'}]{_amount(row.accepted_amount)}[/]",
            _amount(row.accepted_amount_sek) if row.accepted_amount_sek is not None else "no rate",
        )
    return table


def _rules_table(rules: Sequence[RuleCount]) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right")
    table.add_column()
    table.add_column()
    for rule in rules:
        style = _OUTCOME_STYLES.get(rule.outcome, "")
        table.add_row(_count(rule.line_count), f"[{style}]{rule.outcome}[/]", _escaped(rule.title))
    return table


def _corrections_table(corrections: Sequence[Correction]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for correction in corrections:
        change = Text(f"“{correction.raw_value}”")
        change.append(" → ", style="dim")
        change.append(correction.clean_value, style="green")
        table.add_row(change)
        table.add_row(Text(f"  line {correction.line_no}: {correction.rule_id}", style="dim"))
    return table


def _held(held: Sequence[LoadOutcome]) -> RenderableType:
    from rich.text import Text

    if not held:
        return Text("Nothing is held.", style="bold green")
    return Text("\n").join(_reason(load) for load in held)


def _next_table(command: str) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for what, why in (
        (f"{command} loads", "every file that was offered, and what became of it"),
        (f"{command} status --json", "`dsn`: the address for psql or any other Postgres client"),
        ("marts.fct_transactions", "the payments; fct_corrections and fct_rejections say the rest"),
        (
            "marts.rpt_load_reconciliation",
            "these counts for every load; rpt_rule_summary: its rules",
        ),
        ("make dev", "Dagster: drop files into data/landing/, and watch the day"),
        ("make docs", "every table and column described: build/docs/index.html"),
        (f"{command} load --help", "how to load your own day"),
    ):
        table.add_row(f"  [cyan]{_escaped(what)}[/cyan]", f"[dim]{_escaped(why)}[/dim]")
    return table


def _counts(load: LoadOutcome) -> list[str]:
    return [
        _count(load.line_count),
        _count(load.accepted_count),
        _count(load.corrected_count),
        _count(load.rejected_count),
        _count(load.duplicate_count),
        _count(load.malformed_count),
    ]


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _amount(amount: Decimal | None) -> str:
    return "0.00" if amount is None else f"{amount:,.2f}"


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
