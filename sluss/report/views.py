"""The load as a whole, shown: its headline, its lines accounted for, its gate, its sums."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from loaders.business_date import BANK_TIME
from sluss.report import data
from sluss.report.checks import Check, all_hold
from sluss.report.load import Load, records
from sluss.report.tables import (
    Column,
    Html,
    bar,
    percent,
    sentence,
    stacked,
    swatch,
    table,
    text,
    verdict,
)

if TYPE_CHECKING:
    import pandas as pd


def style() -> Html:
    """Returns what the fragments here look like, for Jupyter; the report has it already."""
    from sluss.report.render import TEMPLATE

    css = (TEMPLATE / "fragments.css").read_text(encoding="utf-8")
    return Html(f"<style>{css}</style>")


def headline(load: Load) -> Html:
    """Returns the bank day, whether it is published, what it is about, and its figures."""
    state = "Published" if load.is_published else "Held"
    began = f"{load.started_at.astimezone(BANK_TIME):%-d %B %Y, %H:%M}"
    megabytes = f"{load.byte_count / 1e6:,.1f} MB" if load.byte_count >= 1e5 else "under 0.1 MB"
    facts = [
        ("File", load.file_name),
        ("Load", str(load.load_id)),
        ("Loaded", f"{began}, Stockholm time"),
        (
            "Speed",
            f"{megabytes} in {load.seconds:,.{1 if load.seconds >= 10 else 2}f} s"
            + (f", {load.lines_per_second:,.0f} lines/s" if load.line_count else ""),
        ),
    ]
    rows = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    held = ""
    if not load.is_published:
        held = (
            '<div class="notice"><strong>This load is held.</strong> None of its lines is in a '
            f"mart, because {escape(load.gate_reason or 'its gate does not hold')}."
            " What follows is what would be published.</div>"
        )
    return Html(
        f'<header><div class="kicker">Day report</div>'
        f"<h1>Bank day {escape(text(load.business_date))}</h1>"
        f'<span class="state {load.gate}">{state}</span>'
        f'<dl class="facts">{rows}</dl>{held}</header>'
    )


def figures(load: Load, currencies: pd.DataFrame) -> Html:
    """Returns the load in five figures and a sentence."""
    sums = [row["accepted_amount_sek"] for row in records(currencies) if row["accepted_amount_sek"]]
    tiles = [
        ("Lines", text(load.line_count), ""),
        ("Accepted", text(load.accepted_count), percent(load.accepted_count, load.line_count)),
        ("Corrected", text(load.corrected_count), "of the accepted"),
        (
            "Not accepted",
            text(load.line_count - load.accepted_count),
            _share(load, load.line_count - load.accepted_count),
        ),
    ]
    if load.is_published:
        tiles.append(("Accepted, SEK", _short(sum(sums)), f"{len(currencies)} currencies"))
    shown = "".join(
        f'<div class="tile"><div class="name">{escape(name)}</div>'
        f'<div class="value">{escape(value)}</div><div class="note">{escape(note)}</div></div>'
        for name, value, note in tiles
    )
    return Html(f'<div class="tiles">{shown}</div>')


def accounting(load: Load) -> Html:
    """Returns what became of every line: two bars, the second one for the few, and a table."""
    clean = load.accepted_count - load.corrected_count
    outside = load.line_count - load.accepted_count
    parts = [
        ("Accepted as they stood", clean, "main"),
        ("Accepted, corrected", load.corrected_count, "light"),
        ("Rejected", load.rejected_count, "bad"),
        ("Duplicate", load.duplicate_count, "dim"),
        ("Malformed", load.malformed_count, "dark"),
    ]
    bars = stacked(parts, f"All {load.line_count:,} lines")
    if 0 < outside < load.line_count / 2:
        bars += stacked(parts[2:], f"The {outside:,} that were not accepted, enlarged")
    rows = [
        {"outcome": swatch(tone, name), "lines": count, "share": percent(count, load.line_count)}
        for name, count, tone in parts
    ]
    difference = load.difference_count
    closing = {
        "outcome": "Lines of the file",
        "lines": load.line_count,
        "share": verdict(
            difference == 0, "all accounted for", f"{difference:,} differences: not accounted for"
        ),
    }
    columns = [
        Column("outcome", "Outcome"),
        Column("lines", "Lines", "number"),
        Column("share", "Share", "number"),
    ]
    blank = f"{load.blank_count:,} blank lines and the header are not counted."
    return bars + table(rows, columns, closing) + note(blank)


def gates(load: Load, measured: pd.DataFrame) -> Html:
    """Returns each gate: what was measured, what it allows, and whether it holds."""
    rows = []
    (row,) = records(measured) or [{}]
    if row.get("register_load_id") is not None:
        held_against = (
            f"Account numbers were looked up in {row['register_file_name']} (load "
            f"{row['register_load_id']}, {text(row['register_business_date'])})."
        )
    else:
        held_against = "No register of the bank's accounts was there to look them up in."
    for name, count, setting in (
        ("Lines rejected", load.rejected_count, "gate_max_rejected_share"),
        (
            "Lines with an account that should be ours, and is not in the register",
            row.get("unknown_own_count") or 0,
            "gate_max_unknown_account_share",
        ),
    ):
        limit = data.setting(setting)
        share = count / load.line_count if load.line_count else 0.0
        rows.append(
            {
                "gate": name,
                "lines": count,
                "share": percent(count, load.line_count),
                "limit": f"{limit:.0%}".replace("%", " %"),
                # The bar is full at the limit.
                "bar": bar(share / limit, "main" if share <= limit else "bad"),
                "holds": verdict(share <= limit),
            }
        )
    rows.append(
        {
            "gate": "Differences in the reconciliation",
            "lines": load.difference_count,
            "share": "",
            "limit": "0",
            "bar": "",
            "holds": verdict(load.difference_count == 0),
        }
    )
    columns = [
        Column("gate", "Gate"),
        Column("lines", "Found", "number"),
        Column("share", "Share", "number"),
        Column("limit", "At most", "number"),
        Column("bar", "Part of the limit"),
        Column("holds", ""),
    ]
    return table(rows, columns) + note(held_against)


def check_list(found: list[Check]) -> Html:
    """Returns the checks, each with what it expects and what was found."""
    count = len(found)
    failed = sum(not check.holds for check in found)
    summary = (
        f"All {count} checks hold."
        if all_hold(found)
        else f"{failed} of {count} checks do not hold. This is a fault of Sluss, not of the file: "
        "keep the database as it is and report it."
    )
    rows = [
        {
            "claim": check.claim,
            "expected": check.expected,
            "found": check.found,
            "holds": verdict(check.holds),
        }
        for check in found
    ]
    columns = [
        Column("claim", "Claim"),
        Column("expected", "Expected", "number"),
        Column("found", "Found", "number"),
        Column("holds", ""),
    ]
    return sentence(summary) + table(rows, columns)


def note(words: str) -> Html:
    """Returns a remark in small type."""
    return Html(f'<p class="note">{escape(words)}</p>')


def _share(load: Load, count: int) -> str:
    return percent(count, load.line_count)


def _short(amount: Any) -> str:
    """Returns an amount in kronor for a headline: ``19.33 million``."""
    value = float(amount)
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:,.2f} {word}"
    return f"{value:,.0f}"
