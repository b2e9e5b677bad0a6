"""Answers drawn: plotly figures in one restrained manner, with their numbers written on them.

A figure's title becomes its caption in the report. No text of a file is drawn, only names of the
reference data: plotly reads some markup in text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sluss.report.distributions import AMOUNT_EDGES
from sluss.report.load import records
from sluss.report.tables import text

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

INK, QUIET, LINE = "#1d2a38", "#5d6b79", "#dfe4e9"
MAIN, LIGHT, BAD, DIM = "#1f4e79", "#8fb0cf", "#a8402d", "#b9c2cb"
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", '
    "sans-serif"
)

_BAR_HEIGHT = 26


def foreign_currencies(currencies: pd.DataFrame, most: int = 12) -> go.Figure | None:
    """Returns the kronor of each foreign currency, largest first; None where there are none."""
    found = [
        row
        for row in records(currencies)
        if row["currency"] != "SEK" and row["accepted_amount_sek"] is not None
    ]
    if not found:
        return None
    bars = [(row["currency"], float(row["accepted_amount_sek"])) for row in found[:most]]
    if rest := found[most:]:
        bars.append((f"{len(rest)} others", float(sum(row["accepted_amount_sek"] for row in rest))))
    return _ranking(
        bars, "Accepted in foreign currencies, SEK", [_short(value) for _, value in bars]
    )


def amounts(bins: pd.DataFrame) -> go.Figure | None:
    """Returns how many payments there are of each size, in kronor; None where there are none."""
    counts = {row["bin"]: row["line_count"] for row in records(bins)}
    if not counts:
        return None
    first, last = min(counts), max(counts)
    figure = empty_figure("Payments by their size, SEK", 300)
    figure.add_bar(
        x=[number + 0.5 for number in range(first, last + 1)],
        y=[counts.get(number, 0) for number in range(first, last + 1)],
        width=0.9,
        marker_color=MAIN,
        customdata=[[_edge(number), _edge(number + 1)] for number in range(first, last + 1)],
        hovertemplate="SEK %{customdata[0]} to %{customdata[1]}: %{y:,} payments<extra></extra>",
    )
    # Three bars are a power of ten.
    edges = [number for number in range(first, last + 2) if number % 3 == 1]
    figure.update_xaxes(
        tickvals=edges,
        ticktext=[_edge(number) for number in edges],
        tickangle=0,
        showgrid=False,
        range=[first - 0.1, last + 1.1],
    )
    figure.update_yaxes(tickformat=",d", nticks=5)
    return figure


def spread(currencies: pd.DataFrame) -> go.Figure | None:
    """Returns where the amounts of each currency lie, on a logarithmic scale."""
    found = list(reversed(records(currencies)))
    if not found:
        return None
    figure = empty_figure(
        "Amounts in their own currency: median, middle half, and 5 to 95 %",
        70 + 36 * len(found),
    )
    for row in found:
        name = row["currency"]
        for low, high, width, colour in (("p05", "p95", 3, LIGHT), ("p25", "p75", 11, LIGHT)):
            figure.add_scatter(
                x=[row[low], row[high]],
                y=[name, name],
                mode="lines",
                line={"color": colour, "width": width},
                hoverinfo="skip",
            )
    figure.add_scatter(
        x=[row["p50"] for row in found],
        y=[row["currency"] for row in found],
        mode="markers+text",
        marker={"color": MAIN, "size": 10},
        text=[text(float(row["p50"])) for row in found],
        textposition="top center",
        textfont={"size": 12, "color": INK},
        customdata=[[row["line_count"], row["p05"], row["p95"]] for row in found],
        hovertemplate="%{y}: median %{x:,.2f}, 90 % of payments from %{customdata[1]:,.2f} to "
        "%{customdata[2]:,.2f} (%{customdata[0]:,} payments)<extra></extra>",
    )
    low, high = min(row["p05"] for row in found), max(row["p95"] for row in found)
    figure.update_xaxes(
        type="log",
        tickformat=",",
        dtick=1,
        showgrid=True,
        # A third of a power of ten to either side.
        range=[math.log10(low) - 0.3, math.log10(high) + 0.3],
    )
    figure.update_yaxes(type="category", showgrid=False, range=[-0.5, len(found) - 0.3])
    return figure


def hours(counts: pd.DataFrame) -> go.Figure | None:
    """Returns the payments of each hour of the day; None where there are none."""
    found = {row["hour"]: row["line_count"] for row in records(counts)}
    if not found:
        return None
    values = [found.get(hour, 0) for hour in range(24)]
    busiest = values.index(max(values))
    figure = empty_figure("Payments by hour, Stockholm time", 240)
    figure.add_bar(
        x=list(range(24)),
        y=values,
        marker_color=[MAIN if hour == busiest else LIGHT for hour in range(24)],
        text=[f"{value:,}" if hour == busiest else "" for hour, value in enumerate(values)],
        textposition="outside",
        textangle=0,
        constraintext="none",
        cliponaxis=False,
        hovertemplate="%{x}:00 to %{x}:59: %{y:,} payments<extra></extra>",
    )
    figure.update_xaxes(
        tickvals=[0, 6, 12, 18, 23], ticktext=["00", "06", "12", "18", "23"], showgrid=False
    )
    figure.update_yaxes(tickformat=",d", nticks=4)
    return figure


def flows(countries: pd.DataFrame, most: int = 12) -> go.Figure | None:
    """Returns the payments that cross a border, by their two countries, most first."""
    found = [
        row
        for row in records(countries)
        if row["sender_country"] and row["receiver_country"]
        if row["sender_country"] != row["receiver_country"]
    ]
    if not found:
        return None
    bars = [
        (f"{row['sender_name']} → {row['receiver_name']}", float(row["line_count"]))
        for row in found[:most]
    ]
    return _ranking(
        bars, "Payments across a border: the most used ways", [f"{value:,.0f}" for _, value in bars]
    )


def recent(loads: pd.DataFrame, measure: str) -> go.Figure | None:
    """Returns ``measure`` of the load and of those before it, a bar a load.

    ``line_count``, ``accepted_share`` (in per cent) or ``amount_sek``. None where it came alone.
    """
    found = [_measured(row) for row in records(loads)]
    if len(found) < 2:
        return None
    title, suffix = {
        "line_count": ("Lines of each load", ""),
        "accepted_share": ("Accepted, per cent of lines", " %"),
        "amount_sek": ("Accepted, SEK", ""),
    }[measure]
    if any(row["gate"] == "held" for row in found):
        title += " (grey: held)"
    figure = empty_figure(title, 210)
    colours = [
        (MAIN if row["is_this"] else LIGHT) if row["gate"] == "published" else DIM for row in found
    ]
    values = [row[measure] for row in found]
    label = [
        _written(measure, row[measure]) if row["is_this"] and row[measure] is not None else ""
        for row in found
    ]
    shared: dict[str, Any] = {
        "x": [f"load {row['load_id']}" for row in found],
        "y": values,
        "text": label,
        "cliponaxis": False,
        "customdata": [[text(row["business_date"]), row["gate"]] for row in found],
        "hovertemplate": "%{customdata[0]}, %{x}, %{customdata[1]}: %{y:,.4~g}"
        + suffix
        + "<extra></extra>",
    }
    if measure == "accepted_share":
        # Shares lie close together: points, on an axis that need not begin at nothing.
        figure.add_scatter(
            **shared,
            mode="lines+markers+text",
            line={"color": LINE, "width": 1},
            marker={"color": colours, "size": 9},
            textposition="top center",
        )
        known = [value for value in values if value is not None]
        figure.update_yaxes(
            range=[max(0.0, min(known, default=0.0) - 2), 101], ticksuffix=" %", nticks=4
        )
    else:
        figure.add_bar(**shared, marker_color=colours, textposition="outside")
        figure.update_traces(textangle=0, constraintext="none")
        figure.update_yaxes(tickformat="~s", nticks=4, rangemode="tozero")
    days = [f"{row['business_date']:%-d %b}" for row in found]
    step = max(1, len(found) // 6)
    places = sorted({*range(len(found) - 1, -1, -step)})
    figure.update_xaxes(
        type="category",
        tickvals=[f"load {found[place]['load_id']}" for place in places],
        ticktext=[days[place] for place in places],
        tickangle=0,
        showgrid=False,
    )
    return figure


def _measured(row: dict[str, Any]) -> dict[str, Any]:
    lines = row["line_count"]
    amount = row["amount_sek"]
    return {
        **row,
        "accepted_share": row["accepted_count"] / lines * 100 if lines else None,
        "amount_sek": float(amount) if amount is not None else None,
    }


def _ranking(bars: list[tuple[str, float]], title: str, labels: list[str]) -> go.Figure:
    """Returns bars that lie, the first one on top, each with its number at its end."""
    figure = empty_figure(title, 40 + _BAR_HEIGHT * len(bars))
    figure.add_bar(
        orientation="h",
        x=[value for _, value in reversed(bars)],
        y=[name for name, _ in reversed(bars)],
        text=list(reversed(labels)),
        textposition="outside",
        cliponaxis=False,
        marker_color=MAIN,
        hovertemplate="%{y}: %{x:,.0f}<extra></extra>",
    )
    # The label of the longest bar needs room beside it.
    longest = max(value for _, value in bars)
    figure.update_xaxes(visible=False, range=[0, longest * 1.22 or 1])
    figure.update_yaxes(type="category", showgrid=False, ticks="", ticklabelstandoff=6)
    return figure


def empty_figure(title: str, height: int) -> go.Figure:
    """Returns an empty figure in the manner of all others."""
    import plotly.graph_objects as go

    axis = {
        "automargin": True,
        "fixedrange": True,
        "gridcolor": LINE,
        "zeroline": False,
        "linecolor": LINE,
        "tickfont": {"color": QUIET, "size": 12},
    }
    return go.Figure(
        layout={
            "template": go.layout.Template(),
            "title": {"text": title, "x": 0, "xref": "container", "font": {"size": 14}},
            "height": height,
            "font": {"family": FONT, "size": 13, "color": INK},
            "margin": {"l": 8, "r": 12, "t": 34, "b": 28},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "showlegend": False,
            "bargap": 0.28,
            "dragmode": False,
            "separators": ".,",
            "hoverlabel": {"font": {"family": FONT}},
            "xaxis": axis,
            "yaxis": axis,
        }
    )


def _edge(number: int) -> str:
    """Returns the lower edge of a bar as a person says it: 500, 2k, 1M."""
    if number == 0:
        return "0"
    if number > len(AMOUNT_EDGES):
        return ""
    edge = AMOUNT_EDGES[number - 1]
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if edge >= size:
            return f"{edge // size}{letter}"
    return str(edge)


def _written(measure: str, value: float) -> str:
    if measure == "accepted_share":
        return f"{value:.1f} %"
    return f"{value:,.0f}" if measure == "line_count" else _short(value)


def _short(value: float) -> str:
    for size, letter in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:{'.3g' if value < size * 1000 else ',.0f'}}{letter}"
    return f"{value:,.0f}"
