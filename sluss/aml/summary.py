"""An evaluation in words: the result of :func:`sluss.aml.evaluate.evaluate`, as text and page."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NAMES = {
    "rules": "counting rules",
    "scorecard": "scorecard, fitted here",
    "gradient_boosting": "gradient boosting, for reference",
    "shipped_scorecard": "scorecard, as shipped",
}
Table = tuple[str, list[str], list[list[str]]]


def tables(result: dict[str, Any]) -> list[Table]:
    """Returns every table of the evaluation: its title, its heads, its rows, all as text."""
    rankings = result["rankings"]
    compared = [
        [
            NAMES[name],
            f"{each['average_precision']:.3f}",
            "{:.3f} to {:.3f}".format(*each["average_precision_interval"]),
            _share(each["precision"]),
            _share(each["recall"]),
            f"{each['attempts_touched']} of {each['attempts']} "
            f"({_share(each['attempts_touched_share'])})",
        ]
        for name, each in rankings.items()
    ]
    budgets = [
        [NAMES[name], rate, str(each["alerts"]), _share(each["precision"]), _share(each["recall"])]
        for name, ranking in rankings.items()
        for rate, each in ranking["per_thousand_accounts"].items()
    ]
    typologies = [
        [
            typology,
            str(each["payments"]),
            _share(each["recall"]),
            f"{each['attempts_touched']} of {each['attempts']}",
            "none" if each["median_lead_days"] is None else f"{each['median_lead_days']:g}",
        ]
        for typology, each in rankings["scorecard"]["typologies"].items()
    ]
    rules = [
        [
            rule,
            str(each["payments"]),
            _share(each["precision"]),
            f"{each['lift']:.1f}",
            str(each["attempts_touched"]),
        ]
        for rule, each in sorted(result["rules"].items(), key=lambda item: -item[1]["lift"])
    ]
    rate = _share(rankings["scorecard"]["alert_rate"])
    return [
        (
            f"Rankings side by side; precision, recall and attempts at an alert rate of {rate}",
            ["ranking", "AP", "95 % interval", "precision", "recall", "attempts touched"],
            compared,
        ),
        (
            "Alerts per 1,000 accounts",
            ["ranking", "per 1,000", "alerts", "precision", "recall"],
            budgets,
        ),
        (
            f"The scorecard's typologies, at an alert rate of {rate}; lead time in days from the "
            "end of the day of the first alert to the attempt's last payment",
            ["typology", "payments", "recall", "attempts touched", "median lead time"],
            typologies,
        ),
        (
            "Rules, by the payments in the evidence of their alerts; lift is over the base rate",
            ["rule", "payments", "precision", "lift", "attempts touched"],
            rules or [["no alerts", "", "", "", ""]],
        ),
    ]


def heading(result: dict[str, Any]) -> list[str]:
    """Returns what the set is and how it was cut, in sentences."""
    data = result["data"]
    return [
        f"{data['published']:,} labelled payments published of {data['labels']:,}, "
        f"{data['suspicious']:,} suspicious; {data['accounts']:,} own accounts.",
        f"Fitted up to {data['fit_until']}, chosen up to {data['choice_until']}, reported after "
        f"it: {data['reported_payments']:,} payments, {data['reported_suspicious']:,} suspicious "
        f"({data['base_rate']:.2%}). A score is known at the end of the payment's day.",
        f"Rules in SEK: floors and thresholds times {data['floor_scale']:g}, by the set's amounts.",
    ]


def text(result: dict[str, Any]) -> str:
    """Returns the evaluation as plain text."""
    lines = heading(result)
    for title, heads, rows in tables(result):
        widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
        lines += ["", title]
        lines += [
            "  "
            + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [heads, *rows]
        ]
    lines += ["", "Not testable with this set"]
    return "\n".join([*lines, *(f"  {each}" for each in result["not_testable"])])


def page(result: dict[str, Any]) -> str:
    """Returns the evaluation as one HTML page with its curves, which needs no network."""
    import plotly.graph_objects as graph

    figure = graph.Figure()
    for name, each in result["curves"].items():
        figure.add_scatter(x=each["recall"], y=each["precision"], name=NAMES[name], mode="lines")
    figure.update_layout(
        xaxis_title="recall", yaxis_title="precision", template="simple_white", height=460
    )
    body = [f"<p>{html.escape(each)}</p>" for each in heading(result)]
    body.append(figure.to_html(full_html=False, include_plotlyjs="inline"))
    for title, heads, rows in tables(result):
        body += [f"<h2>{html.escape(title)}</h2>", "<table>", _row("th", heads)]
        body += [*(_row("td", row) for row in rows), "</table>"]
    body += ["<h2>Not testable with this set</h2>", "<ul>"]
    body += [f"<li>{html.escape(each)}</li>" for each in result["not_testable"]] + ["</ul>"]
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;"
        "border-bottom:1px solid #ddd}h2{font-size:1.05rem;margin-top:2rem}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Detection, measured</title><style>{style}</style></head><body>"
        f"<h1>Detection, measured</h1>{''.join(body)}</body></html>\n"
    )


def write_page(result: dict[str, Any], path: Path) -> None:
    """Writes the page; replaced if there."""
    path.write_text(page(result), encoding="utf-8")


def _row(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _share(value: float) -> str:
    return f"{value:.1%}"
