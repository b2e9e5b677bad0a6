"""Rejected lines as the last build left them, and what people said about them since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from loaders import database
from loaders.errors import UserError

ROLE = "sluss_investigator"

# Rejected until somebody looks, where all other rejections say that the sender should.
FIRST = "amount.implausible"

State = Literal[
    "open",  # nobody said anything
    "proposed",  # waits for a second person
    "accepted",  # decided; rejected until the next build, and after it if it fails other rules
    "settled",  # stays rejected by decision, or is accepted by one and in the marts
]


@dataclass(frozen=True)
class Opinion:
    """What a person proposed about a line, or two decided. Values to set may be personal data."""

    verdict: Literal["accept", "reject"]
    set_values: dict[str, str]
    why: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decided_why: str | None = None


@dataclass(frozen=True)
class ReviewLine:
    """A line to review. ``raw`` is the line as it stands in its file and holds personal data.

    ``rule_ids`` and ``raw`` are empty for a line that is not rejected any more: a decision got it
    into the marts.
    """

    load_id: int
    line_no: int
    feed: str
    file_name: str
    business_date: date
    gate: Literal["published", "held"] | None
    state: State
    rule_ids: list[str]
    raw: dict[str, Any]
    proposal: Opinion | None
    decision: Opinion | None


@dataclass(frozen=True)
class Rule:
    """A rule that rejects lines, and what review can do about it."""

    rule_id: str
    field: str
    title: str
    review: Literal["waive", "set"] | None


@contextmanager
def session(application_name: str) -> Iterator[Connection]:
    """Yields a connection that can do what an investigator may do, and no more.

    Raises UserError where the database is not made ready for review, with what to do about it.
    """
    with database.connected(database.connect(application_name, role=ROLE)) as connection:
        try:
            yield connection
        except (errors.UndefinedTable, errors.UndefinedFunction, errors.InvalidSchemaName) as error:
            raise UserError(
                "There is nothing to review in this database yet: run `sluss up`, which makes it "
                "ready, then `sluss build`, which finds the lines that are rejected."
            ) from error


def waiting(
    load_id: int | None = None, with_settled: bool = False, limit: int | None = None
) -> tuple[list[ReviewLine], dict[str, Rule]]:
    """Returns the lines that wait for somebody, amounts above the ceiling first, then the newest.

    Lines that a decision accepted come last, until a build took them into the marts;
    ``with_settled``: those that are settled too. Lines that no review can settle are left out.
    The rules come with them, by their id.
    """
    with session("sluss review list") as connection:
        return _lines(connection, load_id, None, with_settled, limit), rules(connection)


def find(connection: Connection, load_id: int, line_no: int) -> ReviewLine | None:
    """Returns a line that is rejected, or was decided about; None if it is neither."""
    found = _lines(connection, load_id, line_no, with_settled=True, limit=1)
    return found[0] if found else None


def rules(connection: Connection) -> dict[str, Rule]:
    """Returns the rules by their id."""
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("select rule_id, field, title, review from reference.rules")
        return {row["rule_id"]: Rule(**row) for row in cursor.fetchall()}


def _lines(
    connection: Connection,
    load_id: int | None,
    line_no: int | None,
    with_settled: bool,
    limit: int | None,
) -> list[ReviewLine]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(
            _LINES,
            {
                "load_id": load_id,
                "line_no": line_no,
                "with_settled": with_settled,
                "limit": limit,
                "first": FIRST,
            },
        )
        return [_line(dict(row)) for row in cursor.fetchall()]


def _line(row: dict[str, Any]) -> ReviewLine:
    proposal, decision = row.pop("proposal"), row.pop("decision")
    return ReviewLine(
        **row,
        proposal=_opinion(proposal) if proposal else None,
        decision=_opinion(decision) if decision else None,
    )


def _opinion(row: dict[str, Any]) -> Opinion:
    known: dict[str, Any] = {name: row.get(name) for name in Opinion.__dataclass_fields__}
    for name in ("proposed_at", "decided_at"):
        known[name] = datetime.fromisoformat(known[name]) if known[name] else None
    return Opinion(**known)


# A line that is neither rejected nor decided about may still have a proposal: the calendar or a
# register settled it meanwhile.
_LINES = """
with rejected as (
    select _load_id, _line_no, 'published' as gate, rule_ids, raw
    from marts.fct_rejections
    where outcome = 'rejected'
    union all
    select _load_id, _line_no, 'held' as gate, rule_ids, raw
    from intermediate.int_transactions__held
),

wanted as (
    select * from rejected
    where
        (%(load_id)s::integer is null or _load_id = %(load_id)s)
        and (%(line_no)s::integer is null or _line_no = %(line_no)s)
),

standing as (
    select * from ops.review_standing
    where
        (%(load_id)s::integer is null or load_id = %(load_id)s)
        and (%(line_no)s::integer is null or line_no = %(line_no)s)
),

beyond_review as (
    select coalesce(array_agg(rule_id), '{}') as rule_ids
    from reference.rules
    where review is null
),

lines as (
    select
        coalesce(wanted._load_id, standing.load_id) as load_id,
        coalesce(wanted._line_no, standing.line_no) as line_no,
        wanted.gate,
        coalesce(wanted.rule_ids, '{}') as rule_ids,
        coalesce(wanted.raw, '{}') as raw,
        case when standing.load_id is not null then to_jsonb(standing) end as decision,
        case when proposals.load_id is not null then to_jsonb(proposals) end as proposal,
        case
            when proposals.load_id is not null then 'proposed'
            when standing.load_id is null then 'open'
            when standing.verdict = 'accept' and wanted._load_id is not null then 'accepted'
            else 'settled'
        end as state
    from wanted
    full join standing
        on wanted._load_id = standing.load_id and wanted._line_no = standing.line_no
    left join ops.review_open_proposals as proposals
        on
            coalesce(wanted._load_id, standing.load_id) = proposals.load_id
            and coalesce(wanted._line_no, standing.line_no) = proposals.line_no
)

select
    lines.load_id, lines.line_no, loads.feed, loads.file_name, loads.business_date, lines.gate,
    lines.state, lines.rule_ids, lines.raw, lines.proposal, lines.decision
from lines
inner join ops.reviewable_loads as loads
    on lines.load_id = loads.load_id
cross join beyond_review
where
    %(with_settled)s
    or (lines.state <> 'settled' and not lines.rule_ids && beyond_review.rule_ids)
order by
    array_position(array['settled', 'accepted'], lines.state) desc nulls first,
    %(first)s = any(lines.rule_ids) desc, lines.load_id desc, lines.line_no
limit %(limit)s
"""
