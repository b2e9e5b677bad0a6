"""Proposing what shall become of a rejected line, and deciding what another person proposed."""

from __future__ import annotations

import difflib
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from loaders.errors import UnusableInputError
from sluss.report.masking import columns_of
from sluss.review.lines import ReviewLine, Rule, find, rules, session

Verdict = Literal["accept", "reject"]


@dataclass(frozen=True)
class Spoken:
    """What came of one person's words. ``other`` is whose proposal they confirmed or replaced."""

    outcome: Literal["proposed", "decided"]
    speaker: str
    other: str | None


def decide(
    load_id: int,
    line_no: int,
    verdict: Verdict,
    set_values: Mapping[str, str],
    why: str,
    person: str | None = None,
) -> Spoken:
    """Proposes ``verdict`` with ``set_values`` (column of the file to text) about a rejected line.

    Decides it, if another person proposed the same. ``person`` is who speaks where the login is a
    superuser, which stands for nobody (default: the operating system's user). Raises
    UnusableInputError if the line is not to be reviewed, or cannot be accepted that way.
    """
    with session("sluss review decide") as connection:
        line = find(connection, load_id, line_no)
        if line is None:
            raise UnusableInputError(_why_not(connection, load_id, line_no))
        _check_columns(connection, line, set_values)
        if verdict == "accept":
            _check_rules(line, set_values, rules(connection))
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "select outcome, speaker, other from ops.decide_review(%s, %s, %s, %s, %s, %s)",
                    (
                        load_id,
                        line_no,
                        verdict,
                        Json(dict(set_values)),
                        why,
                        person or operating_system_person(),
                    ),
                )
                (said,) = cursor.fetchall()
            connection.commit()
        except (
            errors.NoDataFound,
            errors.ObjectNotInPrerequisiteState,
            errors.InvalidParameterValue,
        ) as error:
            raise UnusableInputError(
                f"Nothing was decided: {error.diag.message_primary}."
            ) from error
    return Spoken(*said)


def operating_system_person() -> str:
    """Returns the login of whoever runs this, by the number that the system keeps.

    Not ``getpass.getuser``, which believes the environment: LOGNAME=anna would be a second person.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def parse_settings(settings: list[str]) -> dict[str, str]:
    """Returns ``["amount=22179.15"]`` as columns and texts; raises UnusableInputError.

    The message does not repeat what was written: it may be about a person.
    """
    found: dict[str, str] = {}
    for number, setting in enumerate(settings, start=1):
        column, sign, value = setting.partition("=")
        column = column.strip()
        if not sign or not column:
            raise UnusableInputError(
                f"--set number {number} cannot be read: write it as COLUMN=VALUE, such as "
                "--set amount=22179.15."
            )
        if column in found:
            raise UnusableInputError(f"--set names {column} twice: give it one value.")
        found[column] = value
    return found


def _check_columns(connection: Connection, line: ReviewLine, set_values: Mapping[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select ops.review_columns(%s)", (line.feed,))
        ((columns,),) = cursor.fetchall()
    for column, value in set_values.items():
        if column not in columns:
            close = difflib.get_close_matches(column, columns, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise UnusableInputError(
                f"--set names no column of {line.feed} that can be set.{hint} Its columns: "
                f"{', '.join(columns)}."
            )
        if column in line.raw and (line.raw[column] or "") == value:
            raise UnusableInputError(
                f"--set {column} changes nothing: that is what line {line.line_no} says already. "
                "Leave it out, or give another value."
            )


def _check_rules(
    line: ReviewLine, set_values: Mapping[str, str], known: Mapping[str, Rule]
) -> None:
    problems = []
    for rule_id in line.rule_ids:
        rule = known.get(rule_id)
        if rule is None or rule.review is None:
            problems.append(f"{rule_id} cannot be settled in review: have the line delivered again")
            continue
        columns = columns_of(rule.field)
        if rule.review == "set" and not set(columns) & set(set_values):
            options = " or ".join(f"--set {column}=…" for column in columns)
            problems.append(f"{rule_id} cannot be waived: give the {_said(rule)} with {options}")
    if problems:
        raise UnusableInputError(
            f"Line {line.line_no} of load {line.load_id} cannot be accepted like that. "
            + ". ".join(problems)
            + "."
        )


def _said(rule: Rule) -> str:
    return rule.field.replace("_", " ")


def _why_not(connection: Connection, load_id: int, line_no: int) -> str:
    """Returns why there is nothing to decide about a line, and what to do."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select
                exists (select from ops.reviewable_loads where load_id = %(load)s),
                exists (select from marts.rpt_load_reconciliation where _load_id = %(load)s),
                exists (
                    select from marts.fct_rejections
                    where _load_id = %(load)s and _line_no = %(line)s and outcome = 'duplicate'
                ),
                exists (
                    select from marts.fct_transactions
                    where _load_id = %(load)s and _line_no = %(line)s
                )
            """,
            {"load": load_id, "line": line_no},
        )
        (is_reviewable, is_built, is_duplicate, is_accepted) = cursor.fetchone() or (None,) * 4
    if not is_reviewable:
        return (
            f"Load {load_id} has no lines to review: it is not loaded, or of a feed without review."
            " `sluss loads` lists the loads."
        )
    where = f"Line {line_no} of load {load_id}"
    if not is_built:
        return f"Load {load_id} is not judged yet: run `sluss build` first."
    if is_duplicate:
        return f"{where} is a duplicate of an accepted line: there is nothing to decide."
    if is_accepted:
        return f"{where} is accepted: there is nothing to decide."
    return (
        f"{where} is not among the rejected lines of the last build. "
        f"`sluss review list --load {load_id}` lists them."
    )
