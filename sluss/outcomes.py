"""What became of the loads, as the marts say it, and what a build changed about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

Change = Literal[
    "published",  # new in the marts
    "released",  # was held, is published now
    "restated",  # was published and is; its lines, outcomes or rates differ
    "unchanged",
    "held",  # new and held, or taken out of the marts
    "still held",
    "withdrawn",  # taken out of the marts, by `sluss withdraw`
    "purged",  # removed for good, by `sluss purge`
    "not built",  # loaded, but this build did not look at it
]

_GONE: dict[str, Change] = {"withdrawn": "withdrawn", "purging": "purged", "purged": "purged"}


@dataclass(frozen=True)
class LoadOutcome:
    """One load: a row of ``marts.rpt_load_reconciliation``, and what the build changed.

    A held load is counted as it would be published. The counts are None for a load that is not in
    the marts (withdrawn, or not built).
    """

    load_id: int
    feed: str
    file_name: str
    business_date: date
    gate: Literal["published", "held"] | None
    # Why it is held, was withdrawn or is not built.
    reason: str | None
    change: Change = "unchanged"
    line_count: int | None = None
    accepted_count: int | None = None
    corrected_count: int | None = None
    rejected_count: int | None = None
    duplicate_count: int | None = None
    malformed_count: int | None = None
    difference_count: int | None = None


@dataclass(frozen=True)
class Standing:
    """A load as it stands in the marts, with the version of its rows."""

    outcome: LoadOutcome
    version: str | None


def standings(connection: Connection) -> dict[int, Standing]:
    """Returns what the marts say of each load; nothing before the first build."""
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("select to_regclass('marts.rpt_load_reconciliation') as found")
        row = cursor.fetchone()
        if not (row and row["found"]):
            return {}
        # The version also differs where only the rates of a load changed, or its duplicates.
        cursor.execute(
            """
            select
                reconciled._load_id as load_id, feed, file_name, business_date, gate,
                gate_reason as reason, line_count, accepted_count, corrected_count, rejected_count,
                duplicate_count, malformed_count, difference_count, applied.version
            from marts.rpt_load_reconciliation as reconciled
            left join intermediate.applied_loads as applied
                on applied.model = 'rpt_load_reconciliation'
                and applied.load_id = reconciled._load_id
            order by load_id
            """
        )
        found = {}
        for values in map(dict, cursor.fetchall()):
            version = values.pop("version")
            found[values["load_id"]] = Standing(LoadOutcome(**values), version)
    return found


def outcomes(connection: Connection, before: Mapping[int, Standing]) -> list[LoadOutcome]:
    """Returns every load that is, was or should be in the marts, with the change since ``before``.

    In the order of their ids.
    """
    after = standings(connection)
    found = {
        load_id: replace(standing.outcome, change=_change(before.get(load_id), standing))
        for load_id, standing in after.items()
    }
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            select load_id, feed, file_name, business_date, status, reason
            from ops.loads
            where not load_id = any (%s) and (status = 'loaded' or load_id = any (%s))
            """,
            (list(after), list(before)),
        )
        for load_id, feed, file_name, business_date, status, reason in cursor.fetchall():
            gone: Change | None = _GONE.get(status)
            found[load_id] = LoadOutcome(
                load_id=load_id,
                feed=feed,
                file_name=file_name,
                business_date=business_date,
                gate=None,
                reason=reason if gone else "its lines are in no mart yet",
                change=gone or "not built",
            )
    return [found[load_id] for load_id in sorted(found)]


def _change(before: Standing | None, after: Standing) -> Change:
    was = before.outcome.gate if before else None
    if after.outcome.gate == "held":
        return "still held" if was == "held" else "held"
    if was is None:
        return "published"
    if was == "held":
        return "released"
    return "unchanged" if before == after else "restated"
