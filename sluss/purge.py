"""A purge: lines of business dates that are over go from every layer, for good.

In this order, and from wherever the last purge was killed: the loads are marked in the ledger, so
that no build publishes them again; what remaining lines need of them is kept (dbt's
``keep_what_outlives_purges``); their partitions and rows are removed; dbt builds what has no rows
by load; nothing is left, and the purge is entered as done. A purge changes nothing about the lines
that remain (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from psycopg2.extensions import connection as Connection

from loaders import database, ledger, retention
from loaders.business_date import BANK_TIME
from loaders.contract import feeds as known_feeds
from loaders.contract import load_contract
from loaders.errors import UnusableInputError, UserError
from loaders.retention import Candidate, Period, Purge
from sluss import dbt, purge_tables
from sluss.build import check_migrations, end_dead_loads, only_build
from sluss.idle import switched_off
from sluss.purge_tables import Share

_NAME = "sluss purge"
# Deleting from tables without partitions may take its time.
_TIMEOUT_MS = 6 * 60 * 60 * 1000
_NEEDED = "intermediate.int_loads__needed"


@dataclass(frozen=True)
class Rule:
    """What a feed keeps, as of a day."""

    feed: str
    period: Period
    today: date

    @property
    def through(self) -> date:
        return self.period.through(self.today)

    def __str__(self) -> str:
        return f"older than {self.period} as of {self.today}"


@dataclass(frozen=True)
class Plan:
    """What a purge of one feed would remove, and which loads it would leave for others' sake."""

    rule: Rule
    loads: list[Candidate]
    needed: list[Candidate]
    shares: list[Share] = field(default_factory=list)


def rules(
    feeds: Sequence[str] = (), older_than: str | None = None, today: date | None = None
) -> list[Rule]:
    """Returns the rules of ``feeds``; without names, of every feed whose contract has a retention.

    ``older_than`` goes before the contracts' periods. Raises UnusableInputError for what makes no
    sense.
    """
    if older_than and not feeds:
        raise UnusableInputError("--older-than needs a --feed: which one is it for?")
    today = today or datetime.now(BANK_TIME).date()
    contracts = [load_contract(feed) for feed in dict.fromkeys(feeds or known_feeds())]
    found = []
    for contract in contracts:
        text = older_than or contract.retention
        if text:
            try:
                found.append(Rule(contract.feed, Period(text), today))
            except ValueError as error:
                raise UnusableInputError(f"--older-than: {error}.") from None
        elif feeds:
            raise UnusableInputError(
                f"The contract of {contract.feed} names no retention: give --older-than."
            )
    return found


def plan(wanted: Sequence[Rule]) -> list[Plan]:
    """Returns what a purge by these rules would remove; changes nothing."""
    with database.connected(_connect(purge_tables.OWNER)) as tables:
        return _plans(tables, wanted, with_shares=True)


def purge(
    wanted: Sequence[Rule],
    on_message: Callable[[str], None] = lambda text: None,
    on_progress: Callable[[str], None] = lambda text: None,
) -> list[Purge]:
    """Purges by these rules, after whatever an earlier purge left undone; returns both.

    Waits for a build and for loads of the feeds under way. A feed of which nothing is old enough is
    entered, too: it shows that somebody looked. Raises UserError where it could not end; the next
    purge goes on from there.
    """
    with only_build(on_message):
        check_migrations()
        for message in end_dead_loads():
            on_message(message)
        with (
            database.connected(_connect(retention.ROLE)) as purger,
            database.connected(_connect(purge_tables.OWNER)) as tables,
        ):
            running = retention.purges(purger, "status = 'running'")
            for one in running:
                on_message(
                    f"Purge {one.purge_id} of {one.feed} ({one.rule}) was never finished: it is "
                    "now."
                )
            ids = [one.purge_id for one in running]
            if any(one.loads for one in running):
                # First: what it has marked may be what the new one would have to leave.
                _finish(purger, tables, running, on_progress)
            else:
                _close(purger, running)
            opened = [_open(one, on_message) for one in _plans(tables, wanted)]
            new = retention.purges(purger, "purge_id = any (%s)", opened)
            if any(one.loads for one in new):
                _finish(purger, tables, new, on_progress)
            else:
                _close(purger, new)
            return retention.purges(purger, "purge_id = any (%s)", [*ids, *opened])


def _plans(tables: Connection, wanted: Sequence[Rule], with_shares: bool = False) -> list[Plan]:
    old = {one.feed: retention.candidates(tables, one.feed, one.through) for one in wanted}
    kept = _needed(tables, old, {one.feed: one.through for one in wanted})
    plans = []
    for one in wanted:
        loads = [each for each in old[one.feed] if each.load_id not in kept]
        needed = [each for each in old[one.feed] if each.load_id in kept]
        ids = [each.load_id for each in loads]
        shares = purge_tables.shares(tables, ids) if with_shares and ids else []
        plans.append(Plan(one, loads, needed, shares))
    return plans


def _needed(
    tables: Connection, old: dict[str, list[Candidate]], through: dict[str, date]
) -> set[int]:
    """Returns the old loads that have to stay: dbt says which loads are judged by which."""
    feed_of = {each.load_id: feed for feed, loads in old.items() for each in loads}
    if not feed_of:
        return set()
    if not purge_tables.is_built(tables, _NEEDED):
        raise UserError(
            "Nothing was purged: before the first `sluss build` nobody knows which registers the "
            "remaining loads are judged by. Build, then purge."
        )
    needs = _fetch(tables, _NEEDS)
    # A withdrawal changes what remains, and a purge does not: the build comes first.
    kept = {load_id for (load_id,) in _fetch(tables, _WITHDRAWN_BUT_BUILT, list(feed_of))}
    while True:
        leaving = feed_of.keys() - kept
        more = {
            load_id
            for load_id, needed_by, until in needs
            if load_id in leaving
            and (
                needed_by not in leaving
                if needed_by is not None
                else until is None or until > through[feed_of[load_id]] + timedelta(days=1)
            )
        }
        if not more:
            return kept
        kept |= more


_NEEDS = f"""
select needs.load_id, needs.needed_by_load_id, needs.needed_until
from {_NEEDED} as needs
left join ops.loads as loads on needs.needed_by_load_id = loads.load_id
where needs.needed_by_load_id is null or loads.status = 'loaded'
"""  # noqa: S608

_WITHDRAWN_BUT_BUILT = """
select load_id
from ops.loads
where status = 'withdrawn' and load_id = any (%s)
    and load_id in (select load_id from intermediate.applied_loads)
"""


def _open(plan: Plan, on_message: Callable[[str], None]) -> int:
    """Marks the loads of a plan and enters the purge, while nobody loads the feed."""
    rule = plan.rule
    with database.connected(_connect(retention.ROLE)) as connection:
        ledger.lock_feed(connection, rule.feed, on_message)
        return retention.open_purge(
            connection,
            rule.feed,
            rule.through,
            str(rule),
            [each.load_id for each in plan.loads],
            ledger.operating_system_user(),
        )


def _finish(
    purger: Connection,
    tables: Connection,
    open_purges: Sequence[Purge],
    on_progress: Callable[[str], None],
) -> None:
    """Does all that comes after the loads are marked; each step may have been done before."""
    on_progress("what remaining lines need")
    dbt.run_operation("keep_now")
    for one in open_purges:
        for load_id in one.loads:
            on_progress(f"raw lines of load {load_id}")
            drop = partial(retention.purge_load, purger, one.purge_id, load_id)
            purge_tables.patiently(drop, f"staging.raw_{one.feed}")
        purge_tables.remove(tables, one.purge_id, one.loads, on_progress)
    purge_tables.vacuum_ledger(purger)
    on_progress("dbt build")
    # Tests have their own nights; a red one must not keep a purge from ending.
    run = dbt.build(without=("test", "seed"), excluded=switched_off())
    if run.failures:
        raise UserError(
            "The lines are removed, but dbt could not build the tables that have no rows by load: "
            f"{', '.join(failure.name for failure in run.failures)}. See {run.log}; once that is "
            "mended, run `sluss purge` again."
        )
    for one in open_purges:
        left = purge_tables.leftovers(tables, one.loads)
        if left:
            raise UserError(
                f"Lines of purged loads are still in {', '.join(left)}: something else writes "
                "there. Run `sluss purge` again."
            )
    _close(purger, open_purges)


def _close(purger: Connection, open_purges: Sequence[Purge]) -> None:
    for one in open_purges:
        retention.close_purge(purger, one.purge_id)


def _connect(role: str) -> Connection:
    connection = database.connect(_NAME, role=role, statement_timeout_ms=_TIMEOUT_MS)
    with connection, connection.cursor() as cursor:
        # One of them says nothing while the other works, and while dbt builds.
        cursor.execute("select set_config('idle_session_timeout', '0', false)")
    return connection


def _fetch(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall()
