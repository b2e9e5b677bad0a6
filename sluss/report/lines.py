"""Single lines and rules, shown: what they met, what was corrected, rejected, or unreadable.

Values of files are masked here, see :mod:`sluss.report.masking`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.report.history import DAYS, FEWEST_LOADS, place_among, published_before
from sluss.report.load import Load, records
from sluss.report.masking import columns_of, shown
from sluss.report.tables import Column, Html, bar, named, percent, raw, sentence, table
from sluss.report.views import note

if TYPE_CHECKING:
    import pandas as pd

_TONES = {
    "rejected": "bad",
    "duplicate": "dim",
    "malformed": "dark",
    "corrected": "light",
    "flagged": "main",
}


def rule_table(load: Load, rules: pd.DataFrame, outcomes: tuple[str, ...]) -> Html | None:
    """Returns the rules that did one of ``outcomes`` to lines, with how many; None if none did."""
    found = [row for row in records(rules) if row["outcome"] in outcomes]
    if not found:
        return None
    most = max(row["line_count"] for row in found)
    rows = [
        {
            "rule": named(row["title"], row["rule_id"]),
            "outcome": row["outcome"],
            "lines": row["line_count"],
            "share": percent(row["line_count"], load.line_count),
            "bar": bar(row["line_count"] / most, _TONES[row["outcome"]]),
        }
        for row in found
    ]
    columns = [
        Column("rule", "Rule"),
        *([Column("outcome", "Outcome", "short")] if len(outcomes) > 1 else []),
        Column("lines", "Lines", "number"),
        Column("share", "Share", "number"),
        Column("bar", ""),
    ]
    return table(rows, columns)


def flagged(load: Load, rules: pd.DataFrame, flag_count: int) -> Html | None:
    """Returns how many accepted payments are flagged, and by which rules; None if none are."""
    if not flag_count:
        return None
    said = sentence(
        f"{flag_count:,} accepted payments ({percent(flag_count, load.accepted_count)}) carry at "
        "least one flag: they met a rule that is worth a look, and no reason to reject."
    )
    return said + (rule_table(load, rules, ("flagged",)) or Html(""))


def correction_examples(corrections: pd.DataFrame) -> Html | None:
    """Returns the first corrections of each rule, before and after; None if there are none."""
    rows = [
        {
            "rule": named(row["title"], f"{row['rule_id']}, {row['field_count']:,} in all"),
            "line": str(row["line_no"]),
            "field": row["field"],
            "raw": raw(shown(row["field"], row["raw_value"], row["rule_id"]), "before"),
            "clean": raw(shown(row["field"], row["clean_value"], row["rule_id"]), "after"),
        }
        for row in records(corrections)
    ]
    if not rows:
        return None
    columns = [
        Column("rule", "Rule"),
        Column("line", "Line", "number"),
        Column("field", "Field", "code"),
        Column("raw", "As it stood"),
        Column("clean", "Read as"),
    ]
    return table(_say_once(rows), columns, folds=True) + note(
        "The first two of each rule. A blank is drawn as ␣, one of another kind as ⍽."
        " All of them: marts.fct_corrections."
    )


def rejection_examples(load: Load, rejections: pd.DataFrame) -> Html | None:
    """Returns the first rejected lines of each rule with what the rule looked at; None if none."""
    rows = [
        {
            "rule": named(row["title"], f"{row['rule_id']}, {row['rule_count']:,} in all"),
            "line": str(row["line_no"]),
            "raw": _looked_at(row),
            "also": ", ".join(rule for rule in row["rule_ids"] if rule != row["rule_id"]),
        }
        for row in records(rejections)
    ]
    if not rows:
        return None
    columns = [
        Column("rule", "Rule"),
        Column("line", "Line", "number"),
        Column("raw", "As it stood"),
        Column("also", "Other reasons"),
    ]
    where = (
        "marts.fct_rejections"
        if load.is_published
        else "docs/operations.md has the query for a held load's lines"
    )
    return table(_say_once(rows), columns, folds=True) + note(
        f"The first two of each rule, with the middle of account numbers hidden. All: {where}."
    )


def malformed_lines(load: Load, malformed: pd.DataFrame) -> Html | None:
    """Returns why lines could not be read, and which they are; None if all could."""
    rows = [
        {
            "reason": row["reason"],
            "lines": row["line_count"],
            "numbers": ", ".join(map(str, row["line_numbers"]))
            + (" …" if row["line_count"] > len(row["line_numbers"]) else ""),
        }
        for row in records(malformed)
    ]
    if not rows:
        return None
    columns = [
        Column("reason", "Reason"),
        Column("lines", "Lines", "number"),
        Column("numbers", "Line numbers"),
    ]
    return table(rows, columns) + note(
        f"Their bytes are in ops.malformed_lines, where load_id = {load.load_id}."
    )


def outstanding(load: Load, recent: pd.DataFrame, rules: pd.DataFrame | None) -> Html:
    """Returns how the load stands among those before it, and which rules stand out."""
    days = f"the {DAYS} days before"
    count = len(published_before(recent))
    if not count:
        return sentence(
            f"No load was published in {days}: there is nothing to hold this one against."
        )
    said = sentence(_places(load, recent, count, days))
    if not load.line_count:
        return said
    if rules is None:
        return said + sentence(
            f"That is too few to say which rules stand out; it takes {FEWEST_LOADS}."
        )
    rows = [
        {
            "rule": named(row["title"], row["rule_id"]),
            "outcome": row["outcome"],
            "lines": row["line_count"],
            "usual": round(row["usual_count"]),
        }
        for row in records(rules)
    ]
    if not rows:
        return said + sentence(f"No rule was met unusually often, or seldom, against {days}.")
    columns = [
        Column("rule", "Rules that stand out"),
        Column("outcome", "Outcome", "short"),
        Column("lines", "Lines", "number"),
        Column("usual", "Usual for a load of this size", "number"),
    ]
    return said + table(rows, columns)


def _places(load: Load, recent: pd.DataFrame, count: int, days: str) -> str:
    """Returns in words how the load's lines and sum stand among those of the loads before it."""
    loads = "load was" if count == 1 else "loads were"
    said = [f"{count:,} {loads} published in {days}."]
    for what, measure in (("lines", "line_count"), ("kronor", "amount_sek")):
        fewer, among = place_among(recent, measure)
        if among and fewer in (0, among):
            said.append(f"None of them had {'more' if fewer else 'fewer'} {what} than this one.")
        elif among:
            said.append(f"{fewer:,} of them had fewer {what}, {among - fewer:,} as many or more.")
    return " ".join(said)


def _looked_at(row: dict[str, Any]) -> Html:
    """Returns the fields of a rejected line that its rule is about."""
    fields = columns_of(row["field"])
    values = [raw(shown(field, row["raw"].get(field)), "before") for field in fields]
    return Html("<br>".join(value.markup for value in values))


def _say_once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the rows with each rule named on its first row only."""
    said, before = [], ""
    for row in rows:
        markup = row["rule"].markup
        said.append({**row, "rule": Html("")} if markup == before else row)
        before = markup
    return said
