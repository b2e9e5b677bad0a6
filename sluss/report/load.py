"""The load that a report is about, and how its notebook asks the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from loaders import database
from loaders.errors import UnusableInputError, UserError

if TYPE_CHECKING:
    import pandas as pd

FEED = "bank_transactions"

# The role that builds what is reported here: who may build may report. It reads the ledger and the
# malformed lines too, which the marts' readers do not; nothing is written in a read-only session.
ROLE = "sluss_transformer"

# A scan of a million lines takes about a second.
STATEMENT_TIMEOUT_MS = 5 * 60 * 1000


@dataclass(frozen=True)
class Load:
    """One load of transactions, as the ledger and the marts have it.

    The counts are lines: ``line_count`` is all of them but header and blank ones,
    ``corrected_count`` a part of ``accepted_count``. A held load is counted as it would be
    published.
    """

    load_id: int
    file_name: str
    business_date: date
    gate: str
    gate_reason: str | None
    version: str
    line_count: int
    accepted_count: int
    corrected_count: int
    rejected_count: int
    duplicate_count: int
    malformed_count: int
    difference_count: int
    blank_count: int
    byte_count: int
    started_at: datetime
    finished_at: datetime

    @property
    def is_published(self) -> bool:
        return self.gate == "published"

    @property
    def seconds(self) -> float:
        """How long loading took."""
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def lines_per_second(self) -> float:
        return self.line_count / self.seconds if self.seconds else 0.0


def frame(statement: str, **values: Any) -> pd.DataFrame:
    """Returns the rows of a query; sums of money stay Decimal, nothing becomes a float.

    ``values`` fill the query's ``%(name)s``. Raises DatabaseUnavailableError where none answers.
    """
    import pandas as pd

    connection = database.connect(
        "sluss report", role=ROLE, statement_timeout_ms=STATEMENT_TIMEOUT_MS
    )
    with database.connected(connection):
        connection.set_session(readonly=True, autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            names = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns the rows of a frame as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def find_load(load_id: int) -> Load:
    """Returns the load; raises UnusableInputError, which says what to do, if it has no report.

    Raises UserError where its tables do not belong together: a build is under way, or failed.
    """
    ledger = records(
        frame("select feed, status, reason from ops.loads where load_id = %(id)s", id=load_id)
    )
    if not ledger:
        raise UnusableInputError(f"There is no load {load_id}: `sluss loads` lists them.")
    _refuse_other(load_id, **ledger[0])
    if not records(frame("select to_regclass('marts.rpt_load_reconciliation') as it"))[0]["it"]:
        raise _not_built(load_id)
    found = records(frame(_LOAD, id=load_id))
    if not found:
        raise _not_built(load_id)
    if not records(frame(_BELONGS_TOGETHER, id=load_id))[0]["belongs_together"]:
        raise UserError(
            f"The tables of load {load_id} do not belong together: a build is under way, or the "
            "last one stopped halfway. Run `sluss build`, then ask for the report again."
        )
    return Load(**found[0])


def _refuse_other(load_id: int, feed: str, status: str, reason: str | None) -> None:
    if feed != FEED:
        raise UnusableInputError(
            f"Load {load_id} is of {feed}; the day report is about loads of {FEED}. "
            f"`sluss loads --feed {FEED}` lists those."
        )
    if status == "withdrawn":
        raise UnusableInputError(
            f"Load {load_id} is withdrawn, so its lines are in no mart. "
            "`sluss load … --again` loads its file anew."
        )
    if status == "running":
        raise UnusableInputError(
            f"Load {load_id} is under way. When it is done, `sluss build` builds it."
        )
    if status != "loaded":
        raise UnusableInputError(
            f"Load {load_id} is {status}, nothing of its file is visible: {reason}"
        )


def _not_built(load_id: int) -> UnusableInputError:
    return UnusableInputError(
        f"Load {load_id} is loaded but not built, so nothing is known of its lines yet: run "
        "`sluss build`, then ask for the report again."
    )


_LOAD = """
select
    reconciled._load_id as load_id, reconciled.file_name, reconciled.business_date,
    reconciled.gate, reconciled.gate_reason, applied.version, reconciled.line_count,
    reconciled.accepted_count, reconciled.corrected_count, reconciled.rejected_count,
    reconciled.duplicate_count, reconciled.malformed_count, reconciled.difference_count,
    ledger.blank_count, ledger.byte_count, ledger.started_at, ledger.finished_at
from marts.rpt_load_reconciliation as reconciled
inner join ops.loads as ledger
    on reconciled._load_id = ledger.load_id
inner join intermediate.applied_loads as applied
    on applied.model = 'rpt_load_reconciliation' and applied.load_id = reconciled._load_id
where reconciled._load_id = %(id)s
"""

# The reports are of one version; a published load stands in every mart of lines, a held one in
# none; and none of the marts has yet to take up a change of a table before it.
_FOLLOWED = {
    "int_transactions__judged": ("fct_transactions", "fct_rejections", "fct_corrections"),
    "int_transactions__rejected": ("fct_transactions", "fct_rejections", "fct_corrections"),
    "int_transactions__deduplicated": ("fct_transactions", "fct_rejections", "fct_corrections"),
    "fct_transactions": ("int_load_currency_totals__summed", "int_load_rules__met"),
}
_NOT_TAKEN_UP = " or ".join(
    f"""exists (
        select from intermediate.{source}__changes as changed
        where changed._load_id = %(id)s and changed._change_id > coalesce((
            select through from intermediate.applied_changes
            where model = '{model}' and source = '{source}'
        ), 0)
    )"""  # noqa: S608 - put together from constants
    for source, models in _FOLLOWED.items()
    for model in models
)
_BELONGS_TOGETHER = f"""
select
    count(distinct version) filter (where model like 'rpt%%') = 1
    and count(*) filter (where model like 'fct%%') = case gate when 'published' then 3 else 0 end
    and not ({_NOT_TAKEN_UP}) as belongs_together
from marts.rpt_load_reconciliation as reconciled
left join intermediate.applied_loads as applied
    on
        applied.load_id = reconciled._load_id
        and applied.model in (
            'rpt_load_reconciliation', 'rpt_rule_summary', 'rpt_load_currency_totals',
            'fct_transactions', 'fct_rejections', 'fct_corrections'
        )
where reconciled._load_id = %(id)s
group by gate
"""  # noqa: S608 - put together from constants
