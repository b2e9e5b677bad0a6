"""A line to review as it is shown: what its rules are about, and nothing else of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from sluss.report.masking import columns_of, is_personal, shown
from sluss.review.lines import Opinion, ReviewLine, Rule

_IN_FULL = {
    # Letters, digits and what people put between them. A name has no four digits.
    "account": re.compile(r"(?=(?:.*\d){4})[A-Za-z0-9 \u00a0-]{4,40}"),
    "transaction_id": re.compile(r"[0-9A-Fa-f-]{32,36}"),
}


def fields(line: ReviewLine, rules: Mapping[str, Rule]) -> dict[str, str]:
    """Returns the line's values that its rules are about, and the currency beside an amount.

    What does not look like a value of its column is told by its length only: it may be a name.
    """
    columns: dict[str, None] = {}
    for rule_id in line.rule_ids:
        field = rules[rule_id].field if rule_id in rules else ""
        columns |= dict.fromkeys(columns_of(field))
        if field == "amount":
            columns["currency"] = None
    return {column: value(column, line.raw[column]) for column in columns if column in line.raw}


def value(column: str, text: Any) -> str:
    """Returns how a value is shown to somebody who decides about it: accounts and ids in full."""
    known = _IN_FULL.get("account" if column.endswith("account") else column)
    if known and known.fullmatch(str(text)) and not is_personal(str(text)):
        return str(text)
    return shown(column, text)


def set_values(opinion: Opinion) -> str:
    """Returns the values that an opinion sets, as they are shown: ``amount=22179.15``."""
    return ", ".join(
        f"{column}={value(column, text)}" for column, text in opinion.set_values.items()
    )


def command(load_id: int, line_no: int, verdict: str, settings: Mapping[str, str]) -> str:
    """Returns the command by which a second person confirms a proposal."""
    sets = "".join(f" --set {shlex.quote(f'{column}={text}')}" for column, text in settings.items())
    return f"sluss review decide {load_id} {line_no} --{verdict}{sets} --why …"


def as_dict(line: ReviewLine, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Returns the line for scripts: as it is shown, without ``raw``."""
    return {
        "load_id": line.load_id,
        "line_no": line.line_no,
        "feed": line.feed,
        "file_name": line.file_name,
        "business_date": line.business_date,
        "gate": line.gate,
        "state": line.state,
        "rule_ids": line.rule_ids,
        "fields": fields(line, rules),
        "proposal": _opinion(line.proposal),
        "decision": _opinion(line.decision),
    }


def _opinion(opinion: Opinion | None) -> dict[str, Any] | None:
    if opinion is None:
        return None
    said = {name: getattr(opinion, name) for name in Opinion.__dataclass_fields__}
    said["set_values"] = {
        column: value(column, text) for column, text in opinion.set_values.items()
    }
    return {name: each for name, each in said.items() if each is not None}
